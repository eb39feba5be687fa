/** Is there another DHCP server on the network? Asks as a new machine would, before we answer anybody ourselves. */
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DhcpSocket } from '../host/dhcp-socket.ts';
import { HostError, WireError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { macFromBytes, type MacAddress } from '../model/mac.ts';
import { broadcastAddress, broadcastFlag, ethernet, noAddress, type DhcpPacket } from '../wire/dhcp.ts';
import { decodeDhcp } from '../wire/dhcp-decode.ts';
import { encodeDhcp } from '../wire/dhcp-encode.ts';
import { messageTypeValue, option, readAddress, readMessageType } from '../wire/dhcp-options.ts';

export interface ForeignDhcpOptions {
  /** At the port of clients (68), on the interface that we are going to serve. */
  readonly clientSocket: DhcpSocket;
  /** Offers with this server id are our own. */
  readonly ours: Ipv4Address;
  /** Where servers listen: 67. */
  readonly serverPort: number;
  readonly signal: AbortSignal;
  /** The hardware address that is asked by: what our own server hears of it is no client's. */
  readonly asks?: ((mac: MacAddress) => void) | undefined;
  readonly pace?: Pace;
}

interface Pace {
  /** All in all. */
  readonly waitMs: number;
  /** A second question, in case the first was lost. */
  readonly askAgainMs: number;
  /** Once one server has answered, others are not waited for as long. */
  readonly moreAnswersMs: number;
}

/** dnsmasq pings an address for 3 seconds before it offers it, ISC dhcpd for one. */
const realPace: Pace = { waitMs: 4000, askAgainMs: 1000, moreAnswersMs: 500 };

const parametersWanted = Uint8Array.of(option.subnetMask, option.router, option.dnsServers);

/** @returns the addresses of the servers that made an offer. */
export async function findForeignDhcp(options: ForeignDhcpOptions): Promise<readonly Ipv4Address[]> {
  const { clientSocket, ours, serverPort, signal, asks, pace = realPace } = options;
  const question = discover();
  asks?.(macFromBytes(question.chaddr));
  const found = new Set<Ipv4Address>();
  const enough = new AbortController();
  clientSocket.receive({
    received: (bytes, from) => {
      const server = serverOf(bytes, question);
      if (server === undefined || server === ours) return;
      found.add(server === noAddress ? from.address : server);
      enough.abort();
    },
    failed: () => undefined,
  });
  try {
    const ask = () => clientSocket.send(encodeDhcp(question), { address: broadcastAddress, port: serverPort });
    await ask();
    await pause(pace.askAgainMs, signal, enough.signal);
    if (found.size === 0) await ask();
    await pause(pace.waitMs - pace.askAgainMs, signal, enough.signal);
    if (found.size > 0) await pause(pace.moreAnswersMs, signal);
  } finally {
    clientSocket.receive(undefined);
  }
  return [...found];
}

/** What to tell the owner instead of serving beside the others. */
export function foreignDhcpError(servers: readonly Ipv4Address[], device: string): HostError {
  const who =
    servers.length === 1 ? `the DHCP server ${servers[0]} answers` : `the DHCP servers ${servers.join(', ')} answer`;
  return new HostError(`${who} on ${device} already; two servers would give boards addresses in turn`, {
    hint: `Switch the DHCP service of ${servers.join(' and ')} off, or move the boards to a VLAN or switch of their own and set network.interface to it; "dhcp: proxy" in cluster.yaml leaves addresses to the other server.`,
  });
}

/** One that turned up while we serve: it is told, and we go on. */
export function otherServerText(server: Ipv4Address, device: string): string {
  return `the DHCP server ${server} answers on ${device} too, and boards that take its address do not boot; switch it off (a router or access point may have brought it), or move the boards to a network of their own`;
}

/** Of proxy mode, which needs one. */
export function noServerText(device: string): string {
  return `no DHCP server answers on ${device}, and with "dhcp: proxy" boards get their address from one; switch it on, or set network.dhcp to server`;
}

/** From a station that nobody has seen, so that no reservation or deny list is about it. */
function discover(): DhcpPacket {
  const chaddr = randomBytes(6);
  // Locally administered, no group address: IEEE 802 §8.2.
  chaddr[0] = ((chaddr[0] ?? 0) & 0xfc) | 0x02;
  return {
    op: 'request',
    htype: ethernet,
    hops: 0,
    xid: randomInt(2 ** 32),
    secs: 0,
    flags: broadcastFlag,
    ciaddr: noAddress,
    yiaddr: noAddress,
    siaddr: noAddress,
    giaddr: noAddress,
    chaddr: Uint8Array.from(chaddr),
    sname: '',
    file: '',
    options: new Map([
      [option.messageType, messageTypeValue('discover')],
      [option.parameterList, parametersWanted],
    ]),
  };
}

/** @returns undefined for what is no offer to this question, `noAddress` for an offer that does not say whose it is. */
function serverOf(bytes: Uint8Array, question: DhcpPacket): Ipv4Address | undefined {
  try {
    const packet = decodeDhcp(bytes);
    const isForUs = packet.op === 'reply' && packet.xid === question.xid && isSame(packet.chaddr, question.chaddr);
    if (!isForUs || readMessageType(packet.options) !== 'offer') return undefined;
    return readAddress(packet.options, option.serverId) ?? noAddress;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Ends early when `until` aborts; throws when the work itself is called off. */
async function pause(ms: number, signal: AbortSignal, until?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: until === undefined ? signal : AbortSignal.any([signal, until]) }).catch(
    () => undefined,
  );
  signal.throwIfAborted();
}
