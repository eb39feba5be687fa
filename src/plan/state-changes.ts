/** How the state changes: new nodes, a MAC that was learned, a board that nobody knows. Values in, values out. */
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Serial } from '../model/serial.ts';
import type { State, UnknownBoard } from '../model/state.ts';

/** The owner's list takes the place of the one before. A MAC that was learned stays as long as the board is the same. */
export function replaceNodes(state: State, nodes: readonly NodeSpec[]): State {
  const before = new Map(state.nodes.map((node) => [node.name, node]));
  const learned = nodes.flatMap((node) => {
    const mac = state.learnedMacs[node.name];
    const isSameBoard = node.serial !== undefined && before.get(node.name)?.serial === node.serial;
    const isTaken = nodes.some((other) => other.mac === mac);
    return mac !== undefined && node.mac === undefined && isSameBoard && !isTaken ? [[node.name, mac] as const] : [];
  });
  return withoutKnownBoards({ ...state, nodes: [...nodes], learnedMacs: Object.fromEntries(learned) });
}

export function learnMac(state: State, node: string, mac: MacAddress): State {
  return withoutKnownBoards({ ...state, learnedMacs: { ...state.learnedMacs, [node]: mac } });
}

export interface SeenBoard {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  readonly serial?: Serial;
  readonly board?: string;
  /** Its address is promised to it until then. */
  readonly leaseUntilMs?: number;
}

/** Many at once: of two with one MAC or one address the later holds. */
export function seeBoards(state: State, seen: readonly SeenBoard[], nowMs: number): State {
  // The list is gone through once: there may be ten thousand boards on it, and hundreds of calls a second.
  const latest = new Map<MacAddress, SeenBoard>();
  const holders = new Map<Ipv4Address, MacAddress>();
  for (const each of seen) {
    const holder = holders.get(each.address);
    if (holder !== undefined && latest.get(holder)?.address === each.address) latest.delete(holder);
    const together = { ...latest.get(each.mac), ...each };
    latest.delete(each.mac);
    latest.set(each.mac, together);
    holders.set(each.address, each.mac);
  }
  const macs = new Set(seen.map(({ mac }) => mac));
  const before = new Map<MacAddress, UnknownBoard>();
  const unknownBoards = state.unknownBoards.filter((board) => {
    if (!macs.has(board.mac)) return !holders.has(board.address);
    before.set(board.mac, board);
    return false;
  });
  for (const each of latest.values()) unknownBoards.push(seenAgain(before.get(each.mac), each, nowMs));
  return { ...state, unknownBoards };
}

function seenAgain(before: UnknownBoard | undefined, board: SeenBoard, nowMs: number): UnknownBoard {
  const seenMs = { firstSeenMs: before?.firstSeenMs ?? nowMs, lastSeenMs: nowMs };
  return { ...before, ...board, ...seenMs, poweredOnMs: poweredOn(before, nowMs) };
}

/** Firmware that finds nothing asks again and again, within minutes: that is no new power-on. */
const silenceMs = 180_000;

export function poweredOn(before: UnknownBoard | undefined, nowMs: number): number {
  if (before === undefined || nowMs - before.lastSeenMs > silenceMs) return nowMs;
  return before.poweredOnMs ?? before.firstSeenMs;
}

/** What asked for an address by accident, or with a MAC of the day, must not fill the pool for ever. */
const forgetAfterMs = 24 * 3_600_000;

/** The same object when there is nothing to forget. */
export function forgetBoards(state: State, nowMs: number): State {
  const unknownBoards = state.unknownBoards.filter(
    ({ lastSeenMs, leaseUntilMs = 0 }) => nowMs - lastSeenMs < forgetAfterMs || leaseUntilMs > nowMs,
  );
  return unknownBoards.length === state.unknownBoards.length ? state : { ...state, unknownBoards };
}

/** A board that is a node gives its pool address back. */
function withoutKnownBoards(state: State): State {
  const macs = new Set([...state.nodes.flatMap(({ mac }) => mac ?? []), ...Object.values(state.learnedMacs)]);
  return { ...state, unknownBoards: state.unknownBoards.filter(({ mac }) => !macs.has(mac)) };
}
