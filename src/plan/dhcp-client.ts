/** What a DHCP message says about who sent it, and from where: read once, decided on afterwards. */
import type { BoardName } from '../model/board.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import { noAddress, readMac, type DhcpPacket } from '../wire/dhcp.ts';
import { option, readMessageType, readRelayInfo, type MessageType } from '../wire/dhcp-options.ts';
import { memoryOfRevision, readPiIdentity, type PiIdentity } from '../wire/pi-dhcp.ts';
import { identify, type BoardIds, type Identity } from './identify.ts';
import { servedSubnets, subnetOf, type ServedSubnet } from './subnets.ts';

export interface DhcpSite {
  readonly network: Cluster['network'];
  readonly nodes: readonly NodeSpec[];
  /** Where clients listen: 68, or the cluster's `ports.dhcpClient`. */
  readonly clientPort: number;
  /** Where relays listen: 67, or the cluster's `ports.dhcp`. */
  readonly serverPort: number;
  /** Where boot files are served over HTTP: 80, or the cluster's `ports.http`. */
  readonly httpPort?: number;
}

export interface DhcpClient {
  readonly packet: DhcpPacket;
  readonly type: MessageType | 'bootp';
  readonly mac: MacAddress;
  readonly pi: PiIdentity;
  readonly identity: Exclude<Identity, { kind: 'conflict' }>;
  /** The network that its board hangs on. */
  readonly subnet: ServedSubnet;
  readonly isRelayed: boolean;
  /** Firmware that takes the address out of the OFFER and sends no REQUEST: a Pi 3, or a Pi that names no family. */
  readonly isPi3Firmware: boolean;
  /** How clients are told to name us: our address, unless the relay wants itself there. */
  readonly server: Ipv4Address;
}

interface Ignored {
  readonly kind: 'ignore';
  readonly reason: string;
}

export type ReadClient =
  | { readonly kind: 'client'; readonly client: DhcpClient }
  | Ignored
  | { readonly kind: 'conflict'; readonly reason: string; readonly board: BoardIds };

export function readClient(packet: DhcpPacket, site: DhcpSite): ReadClient {
  if (packet.op !== 'request') return ignore('it is a reply');
  const mac = readMac(packet);
  if (mac === undefined) return ignore('its hardware address is not that of an Ethernet station');
  const type = packet.options.has(option.messageType) ? readMessageType(packet.options) : 'bootp';
  if (type === undefined) return ignore('it is of a type that RFC 2131 does not know');
  const way = readWay(packet, site.network);
  if (way.kind === 'ignore') return way;
  const pi = readPiIdentity(packet);
  const board = { mac, serial: pi.serial };
  const identity = identify(board, site.nodes);
  if (identity.kind === 'conflict') return { kind: 'conflict', reason: identity.reason, board };
  const { subnet, isRelayed, server } = way;
  const isPi3Firmware = sendsNoRequest(pi, identity);
  return { kind: 'client', client: { packet, type, mac, pi, identity, subnet, isRelayed, isPi3Firmware, server } };
}

/** The boot ROM of a Pi 3 and bootcode.bin. What nodes.yaml says of a board counts more than what it says itself. */
function sendsNoRequest({ isPi, wantsPiMenu, board }: PiIdentity, identity: Identity): boolean {
  const family = identity.kind === 'node' ? identity.node.board : board;
  return wantsPiMenu && isPi && (family === undefined || family === 'pi3');
}

type Way = Pick<DhcpClient, 'subnet' | 'isRelayed' | 'server'>;

/** From which network, and over whom. */
function readWay(packet: DhcpPacket, network: Cluster['network']): ({ kind: 'way' } & Way) | Ignored {
  const own = network.address.address;
  if (packet.giaddr === noAddress) {
    const subnet = directSubnet(packet, network);
    return subnet === undefined ? ignore('it has no network') : { kind: 'way', subnet, isRelayed: false, server: own };
  }
  const { link = packet.giaddr, server = own } = readRelayInfo(packet.options);
  const subnet = subnetOf(link, network);
  if (subnet !== undefined) return { kind: 'way', subnet, isRelayed: true, server };
  return ignore(`it came through the relay ${link}, of whose network cluster.yaml says nothing in network.subnets`);
}

/** What the message says of its board, for whoever follows the board's boot. */
export function saidOf({ pi }: DhcpClient): {
  readonly stage: PiIdentity['bootStage'];
  readonly board?: BoardName;
  readonly memoryMib?: number;
} {
  const memoryMib = pi.revision === undefined ? undefined : memoryOfRevision(pi.revision);
  return {
    stage: pi.bootStage,
    ...(pi.board !== undefined && { board: pi.board }),
    ...(memoryMib !== undefined && { memoryMib }),
  };
}

/** A board behind a router renews without the relay: its own address says where it is. */
function directSubnet({ ciaddr }: DhcpPacket, network: Cluster['network']): ServedSubnet | undefined {
  const own = ciaddr === noAddress ? undefined : subnetOf(ciaddr, network);
  return own ?? servedSubnets(network)[0];
}

function ignore(reason: string): Ignored {
  return { kind: 'ignore', reason };
}
