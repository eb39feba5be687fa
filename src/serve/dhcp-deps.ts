/** What the DHCP service needs of the world around it. */
import type { DhcpSocket } from '../host/dhcp-socket.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { DhcpSite } from '../plan/dhcp-client.ts';
import type { DhcpWho } from '../plan/dhcp-decision.ts';
import type { DhcpSign } from '../plan/dhcp-signs.ts';
import type { BoardIds } from '../plan/identify.ts';
import type { Leases } from '../plan/leases.ts';
import type { Probe } from './address-checks.ts';
import type { DhcpCounters } from './dhcp-counters.ts';

/** Whether a board may begin to load now. One that is held back asks again by itself. */
type Admission = { readonly kind: 'now' } | { readonly kind: 'later'; readonly reason: string };

export interface DhcpDeps {
  readonly socket: DhcpSocket;
  /** As it is now: asked for every message. */
  readonly site: () => DhcpSite;
  readonly leases: Leases;
  /** Must be on disk when it resolves: the answer leaves after that. Many are asked for side by side. */
  readonly record: (who: DhcpWho) => Promise<void>;
  /** What was seen of a board, in order, before its answer leaves. */
  readonly sign: (who: DhcpWho, sign: DhcpSign) => void;
  /** A board that is not answered, because nobody can say which node it is. */
  readonly conflict?: (board: BoardIds) => void;
  /** Asked for each DISCOVER of a node's firmware. */
  readonly admit: (node: NodeSpec, mac: MacAddress) => Admission;
  readonly probe: Probe;
  /** Everything that is wrong now, whenever that changes. */
  readonly report: (problems: readonly string[]) => void;
  /** Looks for other servers; calls `asks` with the hardware address that it is going to ask by. Left out: nobody looks. */
  readonly findForeign?: (asks: (mac: MacAddress) => void, signal: AbortSignal) => Promise<readonly Ipv4Address[]>;
  /** Nobody has looked for them yet. */
  readonly looksAtOnce?: boolean;
  readonly log: Log;
  /** Counted up while the server runs; to be read whenever somebody asks. */
  readonly counters?: DhcpCounters;
  readonly nowMs?: () => number;
}

/** How long an address is not given after another machine was found there. */
export const declinedMs = 600_000;
