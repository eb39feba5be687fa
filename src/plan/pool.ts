/** One range of addresses for boards that are no nodes: which is next, and whose may be taken when none is left. */
import { ipv4FromNumber, ipv4ToNumber, isInRange, type Ipv4Address, type Ipv4Range } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';

/** A board's address. Kept after it ended, as long as nobody else needs it: the board gets it again. */
export interface Lease {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  /** What the board was told. */
  readonly untilMs: number;
  /** What is on the disk: never earlier than a time that was acknowledged. */
  readonly recordedUntilMs: number;
  /** The board has it, and not only an offer. */
  readonly isTaken: boolean;
}

/** A range that is looked through from the start again, at most this often: addresses come back now and then. */
const rescanMs = 1000;

export class Pool {
  readonly range: Ipv4Range;
  readonly #first: number;
  readonly #last: number;
  #next: number;
  #rescanAtMs = 0;
  /** Both in the order in which they were given, which is the order in which they end. */
  readonly #taken = new Map<MacAddress, Lease>();
  readonly #offered = new Map<MacAddress, Lease>();

  constructor(range: Ipv4Range) {
    this.range = range;
    this.#first = ipv4ToNumber(range.first);
    this.#last = ipv4ToNumber(range.last);
    this.#next = this.#first;
  }

  put(lease: Lease): void {
    this.remove(lease.mac);
    if (isInRange(lease.address, this.range)) (lease.isTaken ? this.#taken : this.#offered).set(lease.mac, lease);
  }

  remove(mac: MacAddress): void {
    this.#taken.delete(mac);
    this.#offered.delete(mac);
  }

  /** The lowest address that nobody has had yet. @returns undefined when there is none */
  unused(isFree: (address: Ipv4Address) => boolean, nowMs: number): Ipv4Address | undefined {
    const found = this.#search(isFree);
    if (found !== undefined || nowMs < this.#rescanAtMs) return found;
    this.#rescanAtMs = nowMs + rescanMs;
    this.#next = this.#first;
    return this.#search(isFree);
  }

  /** Up to `count` of those that `unused` will name next. */
  upcoming(isFree: (address: Ipv4Address) => boolean, count: number): Ipv4Address[] {
    const found: Ipv4Address[] = [];
    // A stretch of addresses that nodes have must not be walked for every message.
    const end = Math.min(this.#last, this.#next + 8 * count);
    for (let value = this.#next; value <= end && found.length < count; value++) {
      const address = ipv4FromNumber(value);
      if (isFree(address)) found.push(address);
    }
    return found;
  }

  /** The lease that ended longest ago; offers that nobody took come after those that somebody had. */
  ended(isUsable: (address: Ipv4Address) => boolean, nowMs: number): Lease | undefined {
    return firstEnded(this.#taken, isUsable, nowMs) ?? firstEnded(this.#offered, isUsable, nowMs);
  }

  #search(isFree: (address: Ipv4Address) => boolean): Ipv4Address | undefined {
    for (; this.#next <= this.#last; this.#next++) {
      const address = ipv4FromNumber(this.#next);
      if (isFree(address)) return address;
    }
    return undefined;
  }
}

function firstEnded(
  leases: ReadonlyMap<MacAddress, Lease>,
  isUsable: (address: Ipv4Address) => boolean,
  nowMs: number,
): Lease | undefined {
  for (const lease of leases.values()) {
    if (lease.untilMs > nowMs) return undefined;
    if (isUsable(lease.address)) return lease;
  }
  return undefined;
}
