/** Boards that wait in their hold boot: what they say is written down, and each hears when it has a name or is to blink. */
import type { StateFile } from '../host/state-file.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { MacAddress } from '../model/mac.ts';
import type { State, UnknownBoard, WaitingBoard } from '../model/state.ts';
import { nodesOnHold } from '../plan/hold.ts';
import { noteHold, type HoldReport } from '../plan/hold-report.ts';

export interface HoldsDeps {
  readonly state: Pick<StateFile, 'current' | 'amend' | 'onChange'>;
  readonly now: () => number;
  readonly log: Log;
}

type HoldOrder = 'wait' | 'blink' | 'reboot';

export interface Holds {
  /** Resolves when there is something to do, and with `wait` when there is nothing for a while. */
  readonly ask: (report: HoldReport, from: Asking) => Promise<HoldOrder | 'too-often'>;
  /** @throws NotFoundError for a board that never asked, RefusedError when it does not listen */
  readonly requireListening: (mac: MacAddress) => void;
  /** As soon as it asks: it is asking nearly always. */
  readonly blink: (mac: MacAddress) => void;
  /** It asked a moment ago. */
  readonly hears: (mac: MacAddress) => boolean;
  /** A board that is no node, and has this address. */
  readonly waiting: (address: Ipv4Address) => UnknownBoard | undefined;
  readonly boards: () => readonly WaitingBoard[];
}

interface Asking {
  readonly address: Ipv4Address;
  readonly signal: AbortSignal;
}

/** One address; whoever asks from it again ends its own question. */
interface Held {
  readonly mac: MacAddress;
  readonly sinceMs: number;
  heardMs: number;
  factsMs: number;
  mustBlink: boolean;
  /** Questions since `countedMs`. */
  asked: number;
  countedMs: number;
  answer: ((order: HoldOrder) => void) | undefined;
}

/** Shorter than what a client or a cable in between takes for a dead connection. */
const waitMs = 20_000;
/** It asks every 20 s: who has not for this long does not listen. */
const silentMs = 60_000;
const factsEveryMs = 5000;
const askingWindowMs = 10_000;
const mostAsked = 20;

export function createHolds(deps: HoldsDeps): Holds {
  const { state, now } = deps;
  const held = new Map<Ipv4Address, Held>();
  let known = state.current();
  state.onChange(() => {
    const before = known;
    known = state.current();
    const parts = ['unknownBoards', 'generationPins', 'nodes', 'learnedMacs'] as const;
    if (parts.some((part) => known[part] !== before[part])) releaseNamed(held, known);
  });
  const waiting = (address: Ipv4Address) => state.current().unknownBoards.find((board) => board.address === address);
  const listening = (mac: MacAddress) =>
    [...held.values()].find((entry) => entry.mac === mac && now() - entry.heardMs < silentMs);
  return {
    waiting,
    ask: async (report, { address, signal }) => {
      const { mac } = report;
      const isKnown = waiting(address)?.mac === mac || isNodeOnHold(mac, state.current());
      if (!isKnown) return strangeOrder(mac, state.current().unknownBoards, signal);
      const entry = entryOf(held, { mac, address }, deps);
      if (isTooOften(entry, now())) return 'too-often';
      entry.heardMs = now();
      if (entry.factsMs + factsEveryMs <= now()) {
        entry.factsMs = now();
        noteFacts(deps, report);
      }
      return nextOrder(entry, signal);
    },
    requireListening: (mac) => {
      if (!state.current().unknownBoards.some((board) => board.mac === mac)) throw noBoard(mac);
      if (listening(mac) === undefined) throw doesNotListen(mac);
    },
    blink: (mac) => {
      const entry = listening(mac);
      if (entry === undefined) return;
      entry.mustBlink = true;
      entry.answer?.('wait');
    },
    hears: (mac) => listening(mac) !== undefined,
    boards: () => state.current().unknownBoards.map((board) => withHold(board, held.get(board.address), now())),
  };
}

/** No node and no board that waits here: its address is another's by now. One start, and it has its own. */
function strangeOrder(mac: MacAddress, boards: readonly UnknownBoard[], signal: AbortSignal): Promise<HoldOrder> {
  if (!boards.some((board) => board.mac === mac)) return Promise.resolve('reboot');
  // It waits, as DHCP has it at another address, which is no reason to start again and again.
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('wait'), waitMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve('wait');
    });
  });
}

function entryOf(
  held: Map<Ipv4Address, Held>,
  { mac, address }: Pick<UnknownBoard, 'mac' | 'address'>,
  { now, log }: HoldsDeps,
): Held {
  const known = held.get(address);
  if (known?.mac === mac && now() - known.heardMs < silentMs) return known;
  known?.answer?.('wait');
  const at = now();
  const asks = { asked: 0, countedMs: at, factsMs: 0, mustBlink: false, answer: undefined };
  const entry: Held = { mac, sinceMs: at, heardMs: at, ...asks };
  held.set(address, entry);
  log.info('board.holds', { mac, address });
  return entry;
}

function isTooOften(entry: Held, nowMs: number): boolean {
  if (nowMs - entry.countedMs >= askingWindowMs) {
    entry.countedMs = nowMs;
    entry.asked = 0;
  }
  entry.asked += 1;
  return entry.asked > mostAsked;
}

/** What does not change is not written; the rest is with the next write to the disk. */
function noteFacts({ state, now }: HoldsDeps, report: HoldReport): void {
  const at = now();
  if (noteHold(state.current(), report, at) === state.current()) return;
  state.amend((current) => noteHold(current, report, at));
}

function nextOrder(entry: Held, signal: AbortSignal): Promise<HoldOrder> {
  entry.answer?.('wait');
  if (entry.mustBlink) {
    entry.mustBlink = false;
    return Promise.resolve('blink');
  }
  return new Promise((resolve) => {
    const answer = (order: HoldOrder) => {
      clearTimeout(timer);
      if (entry.answer === answer) entry.answer = undefined;
      const blinks = order === 'wait' && entry.mustBlink && !signal.aborted;
      if (blinks) entry.mustBlink = false;
      resolve(blinks ? 'blink' : order);
    };
    const timer = setTimeout(() => answer('wait'), waitMs);
    signal.addEventListener('abort', () => answer('wait'));
    entry.answer = answer;
  });
}

const isNodeOnHold = (mac: MacAddress, state: State): boolean => nodesOnHold(state).some((node) => node.mac === mac);

/** It became a node, is forgotten, or has something to boot again: what it boots next is decided by DHCP. */
function releaseNamed(held: Map<Ipv4Address, Held>, state: State): void {
  if (held.size === 0) return;
  const macs = new Set([...state.unknownBoards, ...nodesOnHold(state)].map(({ mac }) => mac));
  for (const [address, entry] of held) {
    if (macs.has(entry.mac)) continue;
    held.delete(address);
    entry.answer?.('reboot');
  }
}

function withHold(board: UnknownBoard, entry: Held | undefined, nowMs: number): WaitingBoard {
  if (entry?.mac !== board.mac || nowMs - entry.heardMs >= silentMs) return board;
  return { ...board, hold: { sinceMs: entry.sinceMs, heardMs: entry.heardMs } };
}

const noBoard = (mac: MacAddress) => new NotFoundError(`no unknown board has the MAC address ${mac}`);

function doesNotListen(mac: MacAddress): RefusedError {
  return new RefusedError(`the board ${mac} does not wait in a hold boot`, {
    hint: 'Name an image under network.hold in cluster.yaml, and switch the board off and on.',
  });
}
