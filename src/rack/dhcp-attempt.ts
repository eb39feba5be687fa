/** One attempt of a loader to get an address: when its DISCOVERs leave, and which OFFER ends it. No socket, no clock. */
import { WireError } from '../model/errors.ts';
import { decodeDhcp } from '../wire/dhcp-decode.ts';
import type { BoardIdentity } from './eeprom.ts';
import { addHalf, discoverPacket, joinHalves, type Offer, type OfferHalves } from './firmware-dhcp.ts';
import type { DhcpClient } from './loaders.ts';

export class DhcpAttempt {
  readonly xid: number;
  readonly #who: BoardIdentity;
  readonly #stage: number;
  readonly #client: DhcpClient;
  readonly #startedMs: number;
  #halves: OfferHalves = {};
  /** DISCOVERs that have left. */
  sent = 0;

  constructor(who: BoardIdentity, stage: number, client: DhcpClient, xid: number, nowMs: number) {
    this.#who = who;
    this.#stage = stage;
    this.#client = client;
    this.#startedMs = nowMs;
    this.xid = xid;
  }

  get nextTickMs(): number {
    return this.#startedMs + (this.#client.discoverTimesMs[this.sent] ?? this.#client.giveUpMs);
  }

  /** @returns the DISCOVER that leaves now */
  tick(nowMs: number): Uint8Array | 'nothing' | 'give up' {
    if (nowMs < this.nextTickMs) return 'nothing';
    if (this.sent >= this.#client.discoverTimesMs.length) return 'give up';
    this.sent += 1;
    return discoverPacket(this.#who, this.xid, this.#stage);
  }

  /** @returns the OFFER when the loader takes it, put together where two servers say one half each */
  receive(datagram: Uint8Array): Offer | undefined {
    try {
      this.#halves = addHalf(this.#halves, decodeDhcp(datagram), this.#who, this.xid);
      return joinHalves(this.#halves);
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  }
}
