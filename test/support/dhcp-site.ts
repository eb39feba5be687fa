/** A site as DHCP sees it, and decisions as words. */
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { NodeList } from '../../src/model/node.ts';
import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import type { DhcpDecision } from '../../src/plan/dhcp-decision.ts';
import { decideDhcp } from '../../src/plan/dhcp-reply.ts';
import { Leases } from '../../src/plan/leases.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { readMessageType } from '../../src/wire/dhcp-options.ts';
import { sampleCluster, sampleClusterInput } from './sample-view.ts';

export const nodes = NodeList.parse([
  { name: 'node01', serial: '1aa2bb31', board: 'pi4', address: '10.42.0.11', role: 'compute' },
  {
    name: 'node02',
    mac: 'dc:a6:32:00:00:02',
    serial: '00000002',
    board: 'pi4',
    address: '10.42.0.12',
    role: 'compute',
  },
]);
export const node02 = 'dc:a6:32:00:00:02';
/** A board that was never seen. */
export const stranger = '02:00:00:00:00:09';
/** A board that is no node and has an address of the pool. */
export const visitor = '02:00:00:00:00:08';

export const network = (changes: object = {}) =>
  sampleCluster({ network: { ...sampleClusterInput.network, ...changes } }).network;

export const site: DhcpSite = { network: network(), clientPort: 68, serverPort: 67, nodes };

export const atMs = 1_000_000;

/** The visitor has its address for another five minutes. */
export const someLeases = () =>
  new Leases([
    {
      mac: parseMac(visitor),
      address: parseIpv4('10.42.0.210'),
      leaseUntilMs: atMs + 300_000,
      firstSeenMs: 0,
      lastSeenMs: atMs,
    },
  ]);

export function decide(packet: DhcpPacket, at: DhcpSite = site, leases: Leases = someLeases()): DhcpDecision {
  return decideDhcp(packet, at, leases, atMs);
}

/** A decision in one line. */
export function words(decision: DhcpDecision): string {
  if (decision.kind === 'declined') return `declined ${decision.address}: ${decision.reason}`;
  if (decision.kind !== 'answer') return `${decision.kind}: ${decision.reason}`;
  const { reply, to, who } = decision;
  const mac = to.mac === undefined ? '' : ' by its MAC';
  const name =
    who.kind === 'node'
      ? `${who.node.name}${who.learnsMac ? '+mac' : ''}${who.isFirmwareDiscover ? '+boot' : ''}`
      : 'unknown';
  return `${readMessageType(reply.options)} ${reply.yiaddr} to ${name} at ${to.address}:${to.port}${mac}`;
}
