/** What a board without a name says of itself, from a form: bounded, and free of what could play with a terminal. */
import { boardNames, type BoardName } from '../model/board.ts';
import type { MacAddress } from '../model/mac.ts';
import { parseSerial, type Serial } from '../model/serial.ts';
import type { State, UnknownBoard } from '../model/state.ts';
import { poweredOn } from './state-changes.ts';

export interface HoldReport {
  readonly mac: MacAddress;
  readonly facts: HoldFacts;
}

export interface HoldFacts extends Pick<UnknownBoard, 'model' | 'memoryMib' | 'switchPort'> {
  readonly serial?: Serial;
  readonly board?: BoardName;
}

/** undefined: not what a hold boot sends */
export function readHoldReport(body: unknown): HoldReport | undefined {
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  const text = (name: string, maxLength: number) => printable(fields[name], maxLength);
  const mac = text('mac', 17)?.toLowerCase();
  if (mac === undefined || !/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) return undefined;
  const serial = /^[0-9a-f]{8}$/i.exec(text('serial', 8) ?? '')?.[0];
  const board = boardNames.find((known) => known === fields['board']);
  const memoryMib = Number(/^[1-9]\d{0,8}$/.exec(text('memory', 10) ?? '')?.[0] ?? Number.NaN);
  const facts = {
    serial: serial === undefined ? undefined : parseSerial(serial),
    board,
    model: text('model', 64),
    memoryMib: Number.isNaN(memoryMib) ? undefined : memoryMib,
    switchPort: text('port', 100),
  };
  // Of the form that was checked just now.
  return { mac: mac as MacAddress, facts: defined(facts) };
}

/** A field that is given twice is a list, and none of these. */
function printable(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value
    .replaceAll(/[^ -~]/g, '')
    .trim()
    .slice(0, maxLength)
    .trim();
  return text === '' ? undefined : text;
}

const heardEveryMs = 60_000;

/** What DHCP knows of a board stays; the same object when there is nothing new that the disk should have. */
export function noteHold(state: State, { mac, facts }: HoldReport, nowMs: number): State {
  const before = state.unknownBoards.find((board) => board.mac === mac);
  if (before === undefined) return state;
  const { serial, board, ...others } = facts;
  const isTaken = serial === undefined || isSerialKnown(state, serial);
  const told: UnknownBoard = {
    ...before,
    ...(before.serial === undefined && !isTaken && { serial }),
    ...(before.board === undefined && board !== undefined && { board }),
    ...others,
    poweredOnMs: poweredOn(before, nowMs),
  };
  const isNews = (Object.keys(told) as (keyof UnknownBoard)[]).some((key) => told[key] !== before[key]);
  if (!isNews && nowMs - before.lastSeenMs < heardEveryMs) return state;
  const next = { ...told, lastSeenMs: nowMs };
  return { ...state, unknownBoards: state.unknownBoards.map((each) => (each === before ? next : each)) };
}

function isSerialKnown({ nodes, unknownBoards }: State, serial: Serial): boolean {
  return [...nodes, ...unknownBoards].some((other) => other.serial === serial);
}

function defined<T extends Readonly<Record<string, unknown>>>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const told = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
