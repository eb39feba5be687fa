/** Which address does a board have, or get, that is no node? Always the same one, and never one that somebody else has. */
import { isInRange, type Ipv4Address, type Ipv4Range } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { UnknownBoard } from '../model/state.ts';
import { Pool, type Lease } from './pool.ts';

export type PoolAddress =
  /** `isPromised`: the board has it already, and its time has not ended. */
  { readonly kind: 'address'; readonly address: Ipv4Address; readonly isPromised: boolean } | { readonly kind: 'full' };

export interface PoolWish {
  readonly mac: MacAddress;
  readonly pool: Ipv4Range;
  /** Not a node's, a router's or the storage node's own. */
  readonly isFree: (address: Ipv4Address) => boolean;
  /** What the board asks for itself: RFC 2131 §4.3.1 wants it given where nobody has it. */
  readonly requested?: Ipv4Address | undefined;
}

export class Leases {
  readonly #byMac = new Map<MacAddress, Lease>();
  readonly #byAddress = new Map<Ipv4Address, Lease>();
  readonly #pools = new Map<string, Pool>();
  /** Addresses at which a board met another machine (RFC 2131 §4.3.3), and until when they are not given. */
  readonly #declined = new Map<Ipv4Address, number>();

  /** As they are on the disk. */
  constructor(boards: readonly UnknownBoard[] = []) {
    const inOrder = boards.toSorted((one, other) => endOf(one) - endOf(other));
    for (const board of inOrder) this.learn(board);
  }

  of(mac: MacAddress): Lease | undefined {
    return this.#byMac.get(mac);
  }

  holderOf(address: Ipv4Address): Lease | undefined {
    return this.#byAddress.get(address);
  }

  get size(): number {
    return this.#byMac.size;
  }

  /** It is on the disk now. */
  learn(board: Pick<UnknownBoard, 'mac' | 'address' | 'leaseUntilMs' | 'lastSeenMs'>): void {
    const { mac, address } = board;
    const recordedUntilMs = endOf(board);
    const known = this.#byMac.get(mac);
    const isSame = known?.address === address;
    // What was told a moment ago is newer than what the disk says.
    this.#put(
      isSame
        ? { ...known, recordedUntilMs }
        : { mac, address, untilMs: recordedUntilMs, recordedUntilMs, isTaken: true },
    );
  }

  /** The board is told so now. */
  give(mac: MacAddress, address: Ipv4Address, { untilMs, isTaken }: Pick<Lease, 'untilMs' | 'isTaken'>): void {
    const known = this.#byMac.get(mac);
    const recordedUntilMs = known?.address === address ? known.recordedUntilMs : 0;
    this.#put({ mac, address, untilMs, recordedUntilMs, isTaken });
  }

  /** The board does not need it any more; it gets it again as long as nobody else did. */
  release(mac: MacAddress): void {
    const lease = this.#byMac.get(mac);
    // Behind those that ended before: an offer that nobody took is the next to be used again.
    if (lease !== undefined) this.#put({ ...lease, untilMs: 0, isTaken: false });
  }

  forget(mac: MacAddress): void {
    const lease = this.#byMac.get(mac);
    if (lease === undefined) return;
    this.#byMac.delete(mac);
    if (this.#byAddress.get(lease.address) === lease) this.#byAddress.delete(lease.address);
    for (const pool of this.#pools.values()) pool.remove(mac);
  }

  /** Another machine uses the address. */
  decline(address: Ipv4Address, untilMs: number): void {
    const lease = this.#byAddress.get(address);
    if (lease !== undefined) this.forget(lease.mac);
    this.#declined.set(address, untilMs);
  }

  isDeclined(address: Ipv4Address, nowMs: number): boolean {
    const untilMs = this.#declined.get(address);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    this.#declined.delete(address);
    return false;
  }

  /** The address that the board has or had, else the one it asks for, else the lowest free one, else one whose time has ended. */
  choose({ mac, pool: range, isFree, requested }: PoolWish, nowMs: number): PoolAddress {
    const isUsable = (address: Ipv4Address) =>
      isInRange(address, range) && isFree(address) && !this.isDeclined(address, nowMs);
    const own = this.#byMac.get(mac);
    if (own !== undefined && isUsable(own.address)) {
      return { kind: 'address', address: own.address, isPromised: own.untilMs > nowMs };
    }
    const isUnused = (address: Ipv4Address) => isUsable(address) && !this.#byAddress.has(address);
    const pool = this.#pool(range);
    const address =
      requested !== undefined && isUnused(requested)
        ? requested
        : (pool.unused(isUnused, nowMs) ?? pool.ended(isUsable, nowMs)?.address);
    return address === undefined ? { kind: 'full' } : { kind: 'address', address, isPromised: false };
  }

  /** Addresses that the next boards get: so they can be looked for before somebody waits. */
  upcoming({ pool, isFree }: Pick<PoolWish, 'pool' | 'isFree'>, count: number, nowMs: number): Ipv4Address[] {
    const isUnused = (address: Ipv4Address) =>
      isFree(address) && !this.#byAddress.has(address) && !this.isDeclined(address, nowMs);
    return this.#pool(pool).upcoming(isUnused, count);
  }

  #put(lease: Lease): void {
    const { mac, address } = lease;
    const before = this.#byMac.get(mac);
    if (before !== undefined && before.address !== address) this.forget(mac);
    const holder = this.#byAddress.get(address);
    if (holder !== undefined && holder.mac !== mac) this.forget(holder.mac);
    this.#byMac.set(mac, lease);
    this.#byAddress.set(address, lease);
    for (const pool of this.#pools.values()) pool.put(lease);
  }

  #pool(range: Ipv4Range): Pool {
    const key = `${range.first}-${range.last}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new Pool(range);
    const inOrder = [...this.#byMac.values()].toSorted((one, other) => one.untilMs - other.untilMs);
    for (const lease of inOrder) pool.put(lease);
    this.#pools.set(key, pool);
    return pool;
  }
}

/** Boards that were written down by an older version have no end: their address is theirs while nobody else needs it. */
function endOf({ leaseUntilMs, lastSeenMs }: Pick<UnknownBoard, 'leaseUntilMs' | 'lastSeenMs'>): number {
  return leaseUntilMs ?? lastSeenMs;
}
