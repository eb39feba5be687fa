/** What does the storage node answer to this DHCP message? Decides from the site alone: no socket, no clock. */
import type { BoardName } from '../model/board.ts';
import { unreachable } from '../model/errors.ts';
import { isHostInSubnet, type Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Serial } from '../model/serial.ts';
import { noAddress, readMac, type DhcpPacket } from '../wire/dhcp.ts';
import { option, readAddress, readMessageType, type MessageType } from '../wire/dhcp-options.ts';
import { readPiIdentity, type PiIdentity } from '../wire/pi-dhcp.ts';
import { poolAddress, type PoolSite } from './address-pool.ts';
import { dhcpAnswer, type Envelope, type Seat } from './dhcp-answer.ts';
import { identify, type Identity } from './identify.ts';

export interface DhcpSite extends PoolSite {
  /** Where clients listen: 68, or the cluster's `ports.dhcpClient`. */
  readonly clientPort: number;
  /** Lease of a board that is no node; nodes keep theirs for ever. */
  readonly leaseSeconds?: number;
}

/** Who is answered, as the service must have it on disk before the answer leaves. */
export type DhcpWho =
  | {
      readonly kind: 'node';
      readonly node: NodeSpec;
      readonly mac: MacAddress;
      readonly learnsMac: boolean;
      /** The board was switched on: this begins a boot. */
      readonly isFirmwareDiscover: boolean;
    }
  | {
      readonly kind: 'unknown';
      readonly board: {
        readonly mac: MacAddress;
        readonly address: Ipv4Address;
        readonly serial?: Serial;
        readonly board?: BoardName;
      };
    };

export type DhcpDecision =
  | { readonly kind: 'ignore'; readonly reason: string }
  /** Not answered, and a person should look at it. */
  | { readonly kind: 'conflict'; readonly reason: string }
  /** Another machine uses this address of the pool: not to be given for a while. */
  | { readonly kind: 'declined'; readonly address: Ipv4Address; readonly reason: string }
  | ({ readonly kind: 'answer'; readonly who: DhcpWho } & Envelope);

/** Short, because an unknown board is about to become a node. */
const unknownLeaseSeconds = 600;

/** RFC 2131 §3.3: infinity. A kernel that configured its NIC itself never renews, and its address is reserved anyway. */
const infiniteSeconds = 0xffffffff;

interface Client {
  readonly packet: DhcpPacket;
  readonly type: MessageType;
  readonly mac: MacAddress;
  readonly pi: PiIdentity;
  readonly identity: Exclude<Identity, { kind: 'conflict' }>;
}

export function decideDhcp(packet: DhcpPacket, site: DhcpSite): DhcpDecision {
  if (packet.op !== 'request') return ignore('it is a reply');
  const mac = readMac(packet);
  if (mac === undefined) return ignore('its hardware address is not that of an Ethernet station');
  if (packet.giaddr !== noAddress) {
    return ignore(`it came through the relay ${packet.giaddr}, and this version serves its own network only`);
  }
  const type = readMessageType(packet.options);
  if (type === undefined) return ignore('it is BOOTP and not DHCP');
  const pi = readPiIdentity(packet);
  const identity = identify({ mac, serial: pi.serial }, site.nodes);
  if (identity.kind === 'conflict') return identity;
  return decideByType({ packet, type, mac, pi, identity }, site);
}

function decideByType(client: Client, site: DhcpSite): DhcpDecision {
  switch (client.type) {
    case 'discover':
      return withSeat(client, site, (seat) => answer('offer', client, seat, site));
    case 'request':
      return decideRequest(client, site);
    case 'inform':
      return decideInform(client, site);
    case 'decline':
      return decideDecline(client, site);
    case 'release':
      return ignore('addresses belong to boards, so nothing is released');
    case 'offer':
    case 'ack':
    case 'nak':
      return ignore(`${client.type} is a message of servers`);
    default:
      return unreachable(client.type);
  }
}

/** RFC 2131 §4.3.2 tells the four states of a client apart by server id, requested address and ciaddr. */
function decideRequest(client: Client, site: DhcpSite): DhcpDecision {
  const { options, ciaddr } = client.packet;
  const server = readAddress(options, option.serverId);
  if (server !== undefined && server !== site.network.address.address) return choseOtherServer(client, server);
  const asked = readAddress(options, option.requestedAddress) ?? (ciaddr === noAddress ? undefined : ciaddr);
  if (asked === undefined) return ignore('REQUEST names no address');
  return withSeat(client, site, (seat) => {
    // SELECTING names us; the others only hope that we remember them.
    const isKnown = server !== undefined || seat.isRecorded;
    if (!isKnown && isHostInSubnet(asked, site.network.address)) {
      return ignore(`it asks to keep ${asked}, of which nothing is known here: RFC 2131 §4.3.2`);
    }
    return answer(isKnown && asked === seat.address ? 'ack' : 'nak', client, seat, site);
  });
}

function choseOtherServer({ identity, mac }: Client, server: Ipv4Address): DhcpDecision {
  if (identity.kind === 'unknown') return ignore(`it chose the DHCP server ${server}`);
  return {
    kind: 'conflict',
    reason: `${identity.node.name} (${mac}) takes its address from another DHCP server, ${server}; switch that one off`,
  };
}

/** Settings for a client that has its address: RFC 2131 §4.3.5. */
function decideInform(client: Client, site: DhcpSite): DhcpDecision {
  const { identity, packet } = client;
  if (identity.kind === 'unknown') return ignore('INFORM of a machine that is no node');
  if (packet.ciaddr !== identity.node.address) {
    return ignore(
      `${identity.node.name} asks for settings at ${packet.ciaddr}, its address is ${identity.node.address}`,
    );
  }
  return withSeat(client, site, (seat) => answer('inform', client, seat, site));
}

function decideDecline({ identity, mac, packet }: Client, site: DhcpSite): DhcpDecision {
  const address = readAddress(packet.options, option.requestedAddress);
  if (identity.kind === 'node') {
    return {
      kind: 'conflict',
      reason: `${identity.node.name} (${mac}) found another machine at its address ${address ?? identity.node.address}; give one of them another address`,
    };
  }
  const own = site.unknownBoards.find((board) => board.mac === mac)?.address;
  if (own === undefined || own !== address) return ignore('it declines an address that it was not given');
  return { kind: 'declined', address, reason: `another machine uses the pool address ${address}` };
}

function withSeat(
  client: Client,
  site: DhcpSite,
  decide: (seat: Seat & { who: DhcpWho }) => DhcpDecision,
): DhcpDecision {
  const { identity, mac, pi } = client;
  if (identity.kind === 'node') {
    const { node, learnsMac } = identity;
    const isFirmwareDiscover = client.type === 'discover' && pi.bootStage === 'firmware';
    return decide({
      address: node.address,
      hostName: node.name,
      leaseSeconds: infiniteSeconds,
      isRecorded: true,
      who: { kind: 'node', node, mac, learnsMac, isFirmwareDiscover },
    });
  }
  const found = poolAddress(mac, site);
  if (found.kind === 'full') return ignore(found.reason);
  const { address, isRecorded } = found;
  const { serial, board } = pi;
  return decide({
    address,
    leaseSeconds: site.leaseSeconds ?? unknownLeaseSeconds,
    isRecorded,
    who: {
      kind: 'unknown',
      board: { mac, address, ...(serial !== undefined && { serial }), ...(board !== undefined && { board }) },
    },
  });
}

function answer(
  kind: 'offer' | 'ack' | 'nak' | 'inform',
  { packet }: Client,
  seat: Seat & { who: DhcpWho },
  site: DhcpSite,
): DhcpDecision {
  return { kind: 'answer', who: seat.who, ...dhcpAnswer(kind, packet, seat, site) };
}

function ignore(reason: string): DhcpDecision {
  return { kind: 'ignore', reason };
}
