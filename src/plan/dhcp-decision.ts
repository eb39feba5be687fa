/** What there is to decide about a DHCP message, and what it needs to be decided from. */
import type { BoardName } from '../model/board.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Serial } from '../model/serial.ts';
import type { PiIdentity } from '../wire/pi-dhcp.ts';
import type { AnswerKind, Envelope } from './dhcp-answer.ts';
import type { DhcpSite } from './dhcp-client.ts';
import type { BoardIds } from './identify.ts';
import type { Leases } from './leases.ts';

export interface DhcpContext {
  readonly site: DhcpSite;
  readonly leases: Leases;
  readonly nowMs: number;
}

/** Who is answered. */
export type DhcpWho =
  | {
      readonly kind: 'node';
      readonly node: NodeSpec;
      readonly mac: MacAddress;
      readonly learnsMac: boolean;
      /** The board was switched on: this begins a boot. */
      readonly isFirmwareDiscover: boolean;
    }
  | { readonly kind: 'unknown'; readonly board: LeasedBoard };

export interface LeasedBoard {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  readonly serial?: Serial;
  readonly board?: BoardName;
  /** Its address is to be kept for it until then, also over a restart. */
  readonly leaseUntilMs?: number;
}

export type DhcpDecision =
  | { readonly kind: 'ignore'; readonly reason: string }
  /** Not answered, and a person should look at it. `board`: nobody can say which node it is. */
  | { readonly kind: 'conflict'; readonly reason: string; readonly board?: BoardIds }
  /** It takes its address from another server. `who`: what that tells of it. */
  | {
      readonly kind: 'elsewhere';
      readonly server: Ipv4Address;
      readonly reason: string;
      readonly who?: DhcpWho;
      readonly address?: Ipv4Address;
    }
  /** No address of the pool is left for it. */
  | { readonly kind: 'full'; readonly pool: string; readonly reason: string }
  /** Another machine uses this address of the pool: not to be given for a while. */
  | { readonly kind: 'declined'; readonly address: Ipv4Address; readonly reason: string }
  | { readonly kind: 'released'; readonly mac: MacAddress; readonly reason: string }
  | DhcpReply;

export interface DhcpReply extends Envelope {
  readonly kind: 'answer';
  readonly answer: AnswerKind | 'proxy';
  readonly who: DhcpWho;
  readonly stage: PiIdentity['bootStage'];
  /** What the board says it is. */
  readonly board?: BoardName;
  /** What its revision code says of its memory. */
  readonly memoryMib?: number;
  /** `who` must be on disk before the answer leaves. */
  readonly mustRecord: boolean;
  /** What the leases are to remember at once, so that nobody else gets the address. */
  readonly lease?: LeaseChange;
  /** To be looked for on the network first: it is new to this board. */
  readonly unchecked?: Ipv4Address;
}

interface LeaseChange {
  readonly address: Ipv4Address;
  readonly untilMs: number;
  readonly isTaken: boolean;
}
