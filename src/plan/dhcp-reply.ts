/** What does the storage node answer to this DHCP message? Decides from the site and the leases: no socket, no clock. */
import { unreachable } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { noAddress, type DhcpPacket } from '../wire/dhcp.ts';
import { option, readAddress } from '../wire/dhcp-options.ts';
import { dhcpAnswer, dhcpRefusal, type AnswerKind } from './dhcp-answer.ts';
import { readClient, saidOf, type DhcpClient, type DhcpSite } from './dhcp-client.ts';
import type { DhcpContext, DhcpDecision, DhcpWho } from './dhcp-decision.ts';
import { decideProxy } from './dhcp-proxy.ts';
import { findSeat, promiseOf, type FoundSeat } from './dhcp-seat.ts';
import type { Leases } from './leases.ts';
import { isHostOf } from './subnets.ts';

export function decideDhcp(packet: DhcpPacket, site: DhcpSite, leases: Leases, nowMs: number): DhcpDecision {
  const read = readClient(packet, site);
  if (read.kind !== 'client') return read;
  const { client } = read;
  if (site.network.dhcp === 'proxy') return decideProxy(client, site);
  return decideByType(client, { site, leases, nowMs });
}

function decideByType(client: DhcpClient, context: DhcpContext): DhcpDecision {
  switch (client.type) {
    case 'discover':
      return decideDiscover(client, context);
    case 'request':
      return decideRequest(client, context);
    case 'inform':
      return decideInform(client, context);
    case 'decline':
      return decideDecline(client, context);
    case 'release':
      return decideRelease(client, context);
    case 'bootp':
      return decideBootp(client, context);
    case 'offer':
    case 'ack':
    case 'nak':
      return ignore(`${client.type} is a message of servers`);
    default:
      return unreachable(client.type);
  }
}

function decideDiscover(client: DhcpClient, context: DhcpContext): DhcpDecision {
  const found = findSeat(client, readAddress(client.packet.options, option.requestedAddress), context);
  return found.kind === 'seat' ? answer('offer', client, found, context) : noSeat(found);
}

/** RFC 2131 §4.3.2 tells the four states of a client apart by server id, requested address and ciaddr. */
function decideRequest(client: DhcpClient, context: DhcpContext): DhcpDecision {
  const { packet, identity, mac } = client;
  const server = readAddress(packet.options, option.serverId);
  const own = context.site.network.address.address;
  if (server !== undefined && server !== own && server !== client.server) return choseOther(client, server);
  const asked = readAddress(packet.options, option.requestedAddress) ?? ifAny(packet.ciaddr);
  if (asked === undefined) return ignore('REQUEST names no address');
  // SELECTING names us; the others only hope that we remember them.
  const isKnown = server !== undefined || identity.kind === 'node' || context.leases.of(mac) !== undefined;
  return isKnown ? confirm(asked, client, context) : disclaim(asked, client, context);
}

function confirm(asked: Ipv4Address, client: DhcpClient, context: DhcpContext): DhcpDecision {
  const found = findSeat(client, asked, context);
  if (found.kind === 'elsewhere') return refuse(client, found.reason, context);
  if (found.kind !== 'seat') return noSeat(found);
  if (asked === found.seat.address) return answer('ack', client, found, context);
  return refuse(client, `your address here is ${found.seat.address}`, context, found);
}

/** Only what cannot be right is denied: another server may know more. */
function disclaim(asked: Ipv4Address, client: DhcpClient, context: DhcpContext): DhcpDecision {
  const { subnet } = client;
  if (!isHostOf(asked, subnet)) return refuse(client, `${asked} is no address of ${subnet.name}`, context);
  return ignore(`it asks to keep ${asked}, of which nothing is known here: RFC 2131 §4.3.2`);
}

function choseOther(client: DhcpClient, server: Ipv4Address): DhcpDecision {
  const { identity, mac } = client;
  if (identity.kind === 'unknown') return { kind: 'elsewhere', server, reason: `it chose the DHCP server ${server}` };
  const { node, learnsMac } = identity;
  return {
    kind: 'elsewhere',
    server,
    reason: `${node.name} (${mac}) takes its address from another DHCP server, ${server}; switch that one off`,
    who: { kind: 'node', node, mac, learnsMac, isFirmwareDiscover: false },
  };
}

/** Settings for a client that has its address: RFC 2131 §4.3.5. */
function decideInform(client: DhcpClient, context: DhcpContext): DhcpDecision {
  const { identity, packet, mac } = client;
  const address = identity.kind === 'node' ? identity.node.address : context.leases.of(mac)?.address;
  if (address === undefined) return ignore('INFORM of a machine that is no node');
  const name = identity.kind === 'node' ? identity.node.name : mac;
  if (packet.ciaddr !== address) {
    return ignore(`${name} asks for settings at ${packet.ciaddr}, its address is ${address}`);
  }
  const found = findSeat(client, address, context);
  return found.kind === 'seat' ? answer('inform', client, found, context) : noSeat(found);
}

function decideDecline(client: DhcpClient, { leases }: DhcpContext): DhcpDecision {
  const { identity, mac, packet } = client;
  const address = readAddress(packet.options, option.requestedAddress);
  if (identity.kind === 'node') {
    return {
      kind: 'conflict',
      reason: `${identity.node.name} (${mac}) found another machine at its address ${address ?? identity.node.address}; give one of them another address`,
    };
  }
  if (address === undefined || leases.of(mac)?.address !== address) {
    return ignore('it declines an address that it was not given');
  }
  return { kind: 'declined', address, reason: `another machine uses the pool address ${address}` };
}

function decideRelease({ identity, mac, packet }: DhcpClient, { leases }: DhcpContext): DhcpDecision {
  if (identity.kind === 'node') return ignore('addresses belong to boards, so nothing is released');
  if (leases.of(mac)?.address !== packet.ciaddr) return ignore('it releases an address that it does not have');
  return { kind: 'released', mac, reason: `it gives ${packet.ciaddr} back` };
}

/** RFC 1534 §2: a fixed address, no lease, no DHCP options. */
function decideBootp(client: DhcpClient, context: DhcpContext): DhcpDecision {
  if (client.identity.kind === 'unknown') return ignore('it is BOOTP, which only nodes are answered');
  const found = findSeat(client, undefined, context);
  return found.kind === 'seat' ? answer('bootp', client, found, context) : noSeat(found);
}

function answer(
  kind: Exclude<AnswerKind, 'nak'>,
  client: DhcpClient,
  found: Extract<FoundSeat, { kind: 'seat' }>,
  { site, nowMs }: DhcpContext,
): DhcpDecision {
  const promise = promiseOf(kind, client, found, { site, nowMs });
  return { kind: 'answer', answer: kind, ...saidOf(client), ...promise, ...dhcpAnswer(kind, client, found.seat, site) };
}

function refuse(client: DhcpClient, reason: string, { site }: DhcpContext, found?: FoundSeat): DhcpDecision {
  const { identity, mac } = client;
  const who: DhcpWho =
    identity.kind === 'node'
      ? { kind: 'node', node: identity.node, mac, learnsMac: identity.learnsMac, isFirmwareDiscover: false }
      : { kind: 'unknown', board: { mac, address: found?.kind === 'seat' ? found.seat.address : noAddress } };
  const about = { ...saidOf(client), who, mustRecord: false };
  return { kind: 'answer', answer: 'nak', ...about, ...dhcpRefusal(client, reason, site) };
}

function noSeat(found: Exclude<FoundSeat, { kind: 'seat' }>): DhcpDecision {
  if (found.kind === 'full') return found;
  return found.kind === 'elsewhere' ? { kind: 'conflict', reason: found.reason } : ignore(found.reason);
}

function ifAny(address: Ipv4Address): Ipv4Address | undefined {
  return address === noAddress ? undefined : address;
}

function ignore(reason: string): DhcpDecision {
  return { kind: 'ignore', reason };
}
