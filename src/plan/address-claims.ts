/**
 * Who may have a node's token where another server gives the addresses? Whoever asks for the node's files claims to be its
 * board: that counts while DHCP has just seen the board, and as long as one address alone claims it. Kept in memory only.
 */
import type { Boot } from '../model/boot.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import { macWithDashes } from '../model/mac.ts';
import { hasKernelReported } from './boot-timeline.ts';

/** From a firmware DISCOVER on; a board that finds nothing sends the next one within a minute. */
export const claimMs = 5 * 60_000;

export type ClaimDecision =
  | { readonly kind: 'granted' }
  /** `endsToken`: it may have been given to the wrong one of two. */
  | { readonly kind: 'refused'; readonly reason: string; readonly endsToken: boolean };

export interface Claim {
  readonly node: string;
  readonly address: Ipv4Address;
  readonly nowMs: number;
  /** `requests`: nobody sees the boards' DHCP, and the owner takes a request for the word of the board. */
  readonly trust: 'dhcp' | 'requests';
  /** The node's newest boot. */
  readonly last: Boot | undefined;
  /** A node that runs at this address. */
  readonly runsHere: string | undefined;
}

interface Seen {
  discoverMs: number | undefined;
  /** What its board asked the other server for. */
  requested: { readonly address: Ipv4Address; readonly atMs: number } | undefined;
  /** Who asked for its files, and when last. */
  readonly claims: Map<Ipv4Address, number>;
}

/** Whoever asks under more addresses than that is disputed already. */
const maxClaims = 8;

export class AddressClaims {
  readonly #nodes = new Map<string, Seen>();

  /** Its firmware sent a DISCOVER. */
  discovered(node: string, nowMs: number): void {
    this.#of(node).discoverMs = nowMs;
  }

  /** Its board took this address from the other server, and said so to everybody. */
  requested(node: string, address: Ipv4Address, nowMs: number): void {
    this.#of(node).requested = { address, atMs: nowMs };
  }

  decide(claim: Claim): ClaimDecision {
    const { node, address, nowMs, runsHere, trust } = claim;
    const seen = this.#of(node);
    if (runsHere !== undefined && runsHere !== node) {
      return refused(`${runsHere} runs at ${address}, so ${node} cannot be there; reserve the addresses of both`);
    }
    this.#note(seen, claim);
    if (trust === 'dhcp' && !isRecent(discoverMs(seen, claim), nowMs)) {
      return refused(`DHCP has seen nothing of the board of ${node} in the last ${claimMs / 60_000} minutes`);
    }
    const asked = seen.requested;
    if (asked !== undefined && isRecent(asked.atMs, nowMs)) {
      if (asked.address === address) return granted;
      return refused(`the board of ${node} took ${asked.address} from the other DHCP server, not ${address}`);
    }
    const addresses = [...seen.claims.keys()];
    if (addresses.length < 2) return granted;
    const reason = `${addresses.toSorted().join(' and ')} both ask for the files of ${node}: neither gets its token`;
    return { kind: 'refused', reason, endsToken: true };
  }

  #of(node: string): Seen {
    const known = this.#nodes.get(node) ?? { discoverMs: undefined, requested: undefined, claims: new Map() };
    this.#nodes.set(node, known);
    return known;
  }

  #note({ claims }: Seen, { address, nowMs, last }: Claim): void {
    for (const [other, atMs] of claims) if (!isRecent(atMs, nowMs)) claims.delete(other);
    // A service that was started in between has heard nothing of who loads already.
    const isLoading = last?.closed === undefined && last !== undefined && last.files > 0 && !hasKernelReported(last);
    if (isLoading && isRecent(last.lastSeenMs, nowMs)) {
      const before = last.address as Ipv4Address;
      claims.set(before, Math.max(claims.get(before) ?? 0, last.lastSeenMs));
    }
    if (claims.size < maxClaims || claims.has(address)) claims.set(address, nowMs);
  }
}

/** A boot that began with a DISCOVER remembers it over a restart of the service. */
function discoverMs({ discoverMs: heard }: Seen, { last }: Claim): number | undefined {
  if (last === undefined || last.closed !== undefined || last.phases[0]?.phase !== 'offered') return heard;
  return Math.max(heard ?? 0, last.startedAtMs);
}

const isRecent = (atMs: number | undefined, nowMs: number) => atMs !== undefined && nowMs - atMs < claimMs;

const granted: ClaimDecision = { kind: 'granted' };

const refused = (reason: string): ClaimDecision => ({ kind: 'refused', reason, endsToken: false });

/** The node that a path names: TFTP_PREFIX 0 is the serial, 2 the MAC; U-Boot asks for pxelinux.cfg/01-<mac>. */
export function nodeOfPath(path: string, nodes: readonly NodeSpec[]): NodeSpec | undefined {
  const [, first = ''] = /^(?:pxelinux\.cfg\/01-)?([^/]+)(?:\/|$)/i.exec(path) ?? [];
  const prefix = first.toLowerCase();
  return nodes.find(({ serial, mac }) => prefix === serial || (mac !== undefined && prefix === macWithDashes(mac)));
}
