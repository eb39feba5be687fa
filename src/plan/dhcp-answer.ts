/** Builds a DHCP answer: its fixed fields, its options, and where it goes. RFC 2131 §4.3.1 table 3. */
import type { Cluster } from '../model/cluster.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import { broadcastAddress, broadcastFlag, noAddress, type DhcpOptions, type DhcpPacket } from '../wire/dhcp.ts';
import type { DhcpLimits } from '../wire/dhcp-encode.ts';
import { addressesValue, messageTypeValue, option, readUint16, textValue, uint32Value } from '../wire/dhcp-options.ts';
import { piVendorOptions, pxeVendorClass } from '../wire/pi-dhcp.ts';
import { programFor } from './boot-program.ts';
import type { DhcpClient, DhcpSite } from './dhcp-client.ts';
import type { ServedSubnet } from './subnets.ts';

/** RFC 2131 §3.3: infinity. A kernel that configured its NIC itself never renews, and its address is reserved anyway. */
export const infiniteSeconds = 0xffffffff;

/** What a client gets. */
export interface Seat {
  readonly address: Ipv4Address;
  readonly hostName?: string;
  readonly leaseSeconds: number;
}

export interface Envelope {
  readonly reply: DhcpPacket;
  readonly limits: DhcpLimits;
  /** With `mac`: the client has no address yet, so nobody but we can know its hardware address. */
  readonly to: { readonly address: Ipv4Address; readonly port: number; readonly mac?: MacAddress };
  /** How long to hold it back. */
  readonly delayMs: number;
}

type Option = readonly [code: number, value: Uint8Array];

/** `inform` answers a client that has an address of its own, `bootp` one that knows no DHCP. */
export type AnswerKind = 'offer' | 'ack' | 'nak' | 'inform' | 'bootp';

export function dhcpAnswer(kind: Exclude<AnswerKind, 'nak'>, client: DhcpClient, seat: Seat, site: DhcpSite): Envelope {
  const { packet } = client;
  const keepsAddress = kind === 'ack' || kind === 'inform';
  const program = programFor(client, site);
  const reply = replyTo(client, {
    ciaddr: keepsAddress ? packet.ciaddr : noAddress,
    yiaddr: kind === 'inform' ? noAddress : seat.address,
    // A Pi loads its files from siaddr, unless option 66 says otherwise.
    siaddr: site.network.address.address,
    file: program.file,
    options: new Map([
      ...head(kind, seat, client),
      ...program.options,
      ...settings(seat, client, site),
      ...echoed(packet),
    ]),
  });
  return { reply, limits: limitsOf(client), to: destination(reply, client, site), delayMs: delayOf(client, site) };
}

/** @param reason for whoever reads the client's log */
export function dhcpRefusal(client: DhcpClient, reason: string, site: DhcpSite): Envelope {
  const options: Option[] = [
    [option.messageType, messageTypeValue('nak')],
    [option.serverId, addressesValue([client.server])],
    [option.message, textValue(reason)],
    ...echoed(client.packet),
  ];
  // A relay must not send it to an address that the client is just losing: RFC 2131 §4.3.2.
  const flags = client.isRelayed ? client.packet.flags | broadcastFlag : client.packet.flags;
  const reply = replyTo(client, { flags, options: new Map(options) });
  const to = client.isRelayed
    ? { address: client.packet.giaddr, port: site.serverPort }
    : { address: broadcastAddress, port: site.clientPort };
  return { reply, limits: limitsOf(client), to, delayMs: 0 };
}

/** Beside another server, which gives the address: only what to boot, and from where. */
export function proxyAnswer(client: DhcpClient, site: DhcpSite): Envelope {
  const program = programFor(client, site);
  const options: Option[] = [
    [option.messageType, messageTypeValue('offer')],
    [option.serverId, addressesValue([client.server])],
    ...(client.pi.wantsPiMenu ? forPiFirmware(client, site) : program.options),
    ...echoed(client.packet),
  ];
  const { address } = site.network.address;
  const reply = replyTo(client, { siaddr: address, file: program.file, options: new Map(options) });
  const to = client.isRelayed
    ? { address: client.packet.giaddr, port: site.serverPort }
    : { address: broadcastAddress, port: site.clientPort };
  return { reply, limits: limitsOf(client), to, delayMs: delayOf(client, site) };
}

/** Fields that every answer has from its question. */
function replyTo({ packet }: DhcpClient, fields: Partial<DhcpPacket> & { readonly options: DhcpOptions }): DhcpPacket {
  return {
    op: 'reply',
    htype: packet.htype,
    hops: 0,
    xid: packet.xid,
    secs: 0,
    flags: packet.flags,
    ciaddr: noAddress,
    yiaddr: noAddress,
    siaddr: noAddress,
    giaddr: packet.giaddr,
    chaddr: packet.chaddr,
    sname: '',
    file: '',
    ...fields,
  };
}

/** RFC 2131 §4.1. */
function destination(reply: DhcpPacket, client: DhcpClient, { clientPort, serverPort }: DhcpSite): Envelope['to'] {
  const { packet, mac, isRelayed, isPi3Firmware } = client;
  if (isRelayed) return { address: packet.giaddr, port: serverPort };
  // Only where it is told so itself: what a message claims must not send answers to others.
  const has = reply.yiaddr === noAddress ? reply.ciaddr : reply.yiaddr;
  if (packet.ciaddr !== noAddress && packet.ciaddr === has) return { address: has, port: clientPort };
  // bootcode.bin has been seen to wait for a broadcast, whatever its flags say.
  if ((packet.flags & broadcastFlag) !== 0 || isPi3Firmware) return { address: broadcastAddress, port: clientPort };
  return { address: reply.yiaddr, port: clientPort, mac };
}

/** IP and UDP headers, which option 57 counts too. */
const headerBytes = 28;

/** What every client must take: RFC 2131 §2. */
const smallestMessageBytes = 576 - headerBytes;
const largestMessageBytes = 1500 - headerBytes;
const bootpBytes = 300;

function limitsOf({ packet, type }: DhcpClient): DhcpLimits {
  if (type === 'bootp') return { maxBytes: bootpBytes, mayOverload: false };
  const wanted = (readUint16(packet.options, option.maxMessageBytes) ?? 0) - headerBytes;
  const maxBytes = Math.max(smallestMessageBytes, Math.min(largestMessageBytes, wanted));
  return { maxBytes, mayOverload: true };
}

const besideOtherMs = 1000;

/** Two answers at once, ours and the other server's, can stop a Pi 3: dnsmasq's dhcp-reply-delay is there for the same. */
function delayOf({ isPi3Firmware, type }: DhcpClient, { network }: DhcpSite): number {
  if (type !== 'discover' || !isPi3Firmware) return 0;
  return network.pi3Delay ?? (network.dhcp === 'proxy' ? besideOtherMs : 0);
}

function head(kind: Exclude<AnswerKind, 'nak'>, { leaseSeconds }: Seat, { server }: DhcpClient): Option[] {
  if (kind === 'bootp') return [];
  const type: Option[] = [
    [option.messageType, messageTypeValue(kind === 'offer' ? 'offer' : 'ack')],
    [option.serverId, addressValue(server)],
  ];
  return kind === 'inform'
    ? type
    : [...type, [option.leaseSeconds, leaseSeconds === infiniteSeconds ? infiniteValue : uint32Value(leaseSeconds)]];
}

/** Given whether asked for or not: initramfs clients ask for little and use what comes. What matters most goes first. */
function settings(seat: Seat, client: DhcpClient, site: DhcpSite): Option[] {
  const { always, further } = valuesOf(client.subnet, site.network);
  return [
    ...always,
    ...(client.pi.wantsPiMenu ? forPiFirmware(client, site) : []),
    ...(seat.hostName === undefined ? [] : [[option.hostName, textValue(seat.hostName)] as const]),
    ...further,
  ];
}

const infiniteValue = uint32Value(infiniteSeconds);

/** There are as many as networks and relays. */
const addressValues = new Map<Ipv4Address, Uint8Array>();
const maxAddressValues = 100;

/** The same few addresses stand in every answer. */
function addressValue(address: Ipv4Address): Uint8Array {
  const known = addressValues.get(address);
  if (known !== undefined) return known;
  const made = addressesValue([address]);
  if (addressValues.size < maxAddressValues) addressValues.set(address, made);
  return made;
}

interface SubnetValues {
  readonly always: readonly Option[];
  readonly further: readonly Option[];
}

const known = new WeakMap<ServedSubnet, SubnetValues>();

/** The same for all boards of a network, so they are made once. */
function valuesOf(subnet: ServedSubnet, network: Cluster['network']): SubnetValues {
  const found = known.get(subnet);
  if (found !== undefined) return found;
  const { mask, gateway, broadcast } = subnet;
  const made: SubnetValues = {
    always: [
      addresses(option.subnetMask, [mask]),
      ...(gateway === undefined ? [] : [addresses(option.router, [gateway])]),
    ],
    further: [
      ...(network.dns.length === 0 ? [] : [addresses(option.dnsServers, network.dns)]),
      addresses(option.ntpServers, [network.ntp ?? network.address.address]),
      addresses(option.broadcastAddress, [broadcast]),
    ],
  };
  known.set(subnet, made);
  return made;
}

/** Without 43 a Pi asks for ever; 66 must be a dotted quad, a name is not looked up. */
function forPiFirmware({ isPi3Firmware }: DhcpClient, { network }: DhcpSite): Option[] {
  return [
    [option.vendorOptions, piVendorOptions({ isOldRom: isPi3Firmware })],
    [option.tftpServerName, textValue(network.address.address)],
    [option.vendorClass, vendorClassValue],
  ];
}

const vendorClassValue = textValue(pxeVendorClass);

function addresses(code: number, list: readonly Ipv4Address[]): Option {
  return [code, addressesValue(list)];
}

/** RFC 6842 (client id), RFC 4578 §2.3 (machine id), RFC 3046 §2.2 (what the relay added): returned as they came. */
function echoed({ options }: DhcpPacket): Option[] {
  const found: Option[] = [];
  for (const code of [option.clientId, option.machineId, option.relayInfo]) {
    const value = options.get(code);
    if (value !== undefined) found.push([code, value]);
  }
  return found;
}
