/** Which address does this client get, for how long, and what must be written down before it hears of it? */
import { rangeSize, type Ipv4Address } from '../model/ipv4.ts';
import { infiniteSeconds, type AnswerKind, type Seat } from './dhcp-answer.ts';
import type { DhcpClient, DhcpSite } from './dhcp-client.ts';
import type { DhcpContext, DhcpReply, DhcpWho, LeasedBoard } from './dhcp-decision.ts';
import { nodeAt } from './identify.ts';
import type { Lease } from './pool.ts';
import { isHostOf } from './subnets.ts';

export type FoundSeat =
  | {
      readonly kind: 'seat';
      readonly seat: Seat;
      readonly who: DhcpWho;
      /** Of an address of the pool: what the board has of it so far. */
      readonly promise?: { readonly isKept: boolean; readonly lease: Lease | undefined };
    }
  | { readonly kind: 'none'; readonly reason: string }
  /** The node's address belongs to another network than the one it asks from. */
  | { readonly kind: 'elsewhere'; readonly reason: string }
  | { readonly kind: 'full'; readonly pool: string; readonly reason: string };

export function findSeat(client: DhcpClient, requested: Ipv4Address | undefined, context: DhcpContext): FoundSeat {
  return client.identity.kind === 'node' ? nodeSeat(client) : poolSeat(client, requested, context);
}

function nodeSeat({ identity, mac, pi, type, subnet }: DhcpClient): FoundSeat {
  if (identity.kind !== 'node') return { kind: 'none', reason: 'it is no node' };
  const { node, learnsMac } = identity;
  if (!isHostOf(node.address, subnet)) {
    const reason = `${node.name} (${mac}) asks from ${subnet.name}, where its address ${node.address} is of no use; move the board, or give it an address there`;
    return { kind: 'elsewhere', reason };
  }
  const isFirmwareDiscover = type === 'discover' && pi.bootStage === 'firmware';
  return {
    kind: 'seat',
    seat: { address: node.address, hostName: node.name, leaseSeconds: infiniteSeconds },
    who: { kind: 'node', node, mac, learnsMac, isFirmwareDiscover },
  };
}

function poolSeat(client: DhcpClient, requested: Ipv4Address | undefined, context: DhcpContext): FoundSeat {
  const { mac, pi, subnet } = client;
  const { site, leases, nowMs } = context;
  const { pool } = subnet;
  if (pool === undefined) return { kind: 'none', reason: `it is no node, and ${subnet.name} has no pool` };
  const isFree = freeIn(client, site);
  const chosen = leases.choose({ mac, pool, isFree, requested }, nowMs);
  if (chosen.kind === 'full') {
    const range = `${pool.first}-${pool.last}`;
    const reason = `all ${rangeSize(pool)} addresses of the pool ${range} are taken; make nodes of the unknown boards, or widen network.pool in cluster.yaml`;
    return { kind: 'full', pool: range, reason };
  }
  const { address, isPromised } = chosen;
  const lease = leases.of(mac);
  const { serial, board } = pi;
  return {
    kind: 'seat',
    seat: { address, leaseSeconds: Math.floor(site.network.lease / 1000) },
    who: {
      kind: 'unknown',
      board: { mac, address, ...(serial !== undefined && { serial }), ...(board !== undefined && { board }) },
    },
    promise: { isKept: isPromised, lease: lease?.address === address ? lease : undefined },
  };
}

/** Which addresses may be given at all: those of no node, no router and no server. */
export function freeIn({ subnet }: Pick<DhcpClient, 'subnet'>, { network, nodes }: DhcpSite) {
  return (address: Ipv4Address): boolean =>
    isHostOf(address, subnet) &&
    nodeAt(address, nodes) === undefined &&
    address !== network.address.address &&
    address !== subnet.gateway &&
    address !== network.ntp &&
    !network.dns.includes(address);
}

/** An offer that nobody takes is another board's after that, where unanswered offers may be used again. */
const offerMs = 10_000;

type Given = Pick<DhcpReply, 'who' | 'lease' | 'mustRecord' | 'unchecked'>;

/**
 * An acknowledged address is promised, and to a Pi that sends no REQUEST the OFFER is. The disk is told a lease more
 * than the board, so that not every renewal has to wait for it.
 */
export function promiseOf(
  kind: Exclude<AnswerKind, 'nak'>,
  client: DhcpClient,
  { who, promise }: Pick<Extract<FoundSeat, { kind: 'seat' }>, 'who' | 'promise'>,
  { site, nowMs }: Pick<DhcpContext, 'site' | 'nowMs'>,
): Given {
  if (who.kind === 'node') return { who, mustRecord: who.learnsMac };
  if (promise === undefined || (kind !== 'offer' && kind !== 'ack')) return { who, mustRecord: false };
  if (kind === 'ack' || client.isPi3Firmware) return { ...taken(who.board, promise, { site, nowMs }), ...toCheck() };
  // An offer takes nothing from what the board has.
  if (hasTaken(promise)) return { who, mustRecord: false };
  const untilMs = nowMs + (site.network.reuse === 'expired' ? site.network.lease : offerMs);
  return { who, mustRecord: false, lease: { address: who.board.address, untilMs, isTaken: false }, ...toCheck() };

  function toCheck(): Pick<Given, 'unchecked'> {
    return kind === 'offer' && who.kind === 'unknown' && isNews(promise, client, site)
      ? { unchecked: who.board.address }
      : {};
  }
}

function taken(board: LeasedBoard, { lease }: Promised, { site, nowMs }: Pick<DhcpContext, 'site' | 'nowMs'>): Given {
  const leaseMs = site.network.lease;
  const untilMs = nowMs + leaseMs;
  const change = { address: board.address, untilMs, isTaken: true };
  const isRecorded = lease !== undefined && lease.recordedUntilMs >= untilMs;
  if (isRecorded) return { who: { kind: 'unknown', board }, mustRecord: false, lease: change };
  const who: DhcpWho = { kind: 'unknown', board: { ...board, leaseUntilMs: untilMs + leaseMs } };
  return { who, mustRecord: true, lease: change };
}

/** To be looked for: a relay's network is out of our reach. */
function isNews(promise: Promised | undefined, { isRelayed }: DhcpClient, { network }: DhcpSite): boolean {
  return promise?.isKept === false && network.probe && !isRelayed;
}

type Promised = NonNullable<Extract<FoundSeat, { kind: 'seat' }>['promise']>;

function hasTaken({ isKept, lease }: Promised): boolean {
  return isKept && lease?.isTaken === true;
}
