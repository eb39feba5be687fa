/** Builds a DHCP answer: its fixed fields, its options, and where it goes. RFC 2131 §4.3.1 table 3. */
import type { Cluster } from '../model/cluster.ts';
import { broadcastAddress as broadcastOf, netmask, type Ipv4Address } from '../model/ipv4.ts';
import { broadcastAddress, noAddress, type DhcpPacket } from '../wire/dhcp.ts';
import { addressesValue, messageTypeValue, option, textValue, uint32Value } from '../wire/dhcp-options.ts';
import { piVendorOptions, pxeVendorClass, wantsPiVendorOptions } from '../wire/pi-dhcp.ts';

/** What a client gets. */
export interface Seat {
  readonly address: Ipv4Address;
  readonly hostName?: string;
  readonly leaseSeconds: number;
  /** The client has had this address before, or it is reserved. */
  readonly isRecorded: boolean;
}

export interface Envelope {
  readonly reply: DhcpPacket;
  readonly to: { readonly address: Ipv4Address; readonly port: number };
}

interface AnswerSite {
  readonly network: Cluster['network'];
  readonly clientPort: number;
}

type Option = readonly [code: number, value: Uint8Array];

/** `inform` answers a client that has an address of its own. */
export function dhcpAnswer(
  kind: 'offer' | 'ack' | 'nak' | 'inform',
  packet: DhcpPacket,
  seat: Seat,
  site: AnswerSite,
): Envelope {
  const server = site.network.address.address;
  const options =
    kind === 'nak' ? refusal(seat, server) : [...given(kind, seat, server), ...settings(packet, seat, site)];
  const reply: DhcpPacket = {
    op: 'reply',
    htype: packet.htype,
    hops: 0,
    xid: packet.xid,
    secs: 0,
    flags: packet.flags,
    ciaddr: kind === 'ack' || kind === 'inform' ? packet.ciaddr : noAddress,
    yiaddr: kind === 'offer' || kind === 'ack' ? seat.address : noAddress,
    // A Pi loads its files from siaddr, unless option 66 says otherwise.
    siaddr: kind === 'nak' ? noAddress : server,
    giaddr: noAddress,
    chaddr: packet.chaddr,
    sname: '',
    file: '',
    options: new Map([...options, ...echoed(packet)]),
  };
  // Whoever has no address yet hears broadcasts only: a plain UDP socket cannot send to a hardware address.
  const hasAddress = kind !== 'nak' && packet.ciaddr === seat.address;
  return { reply, to: { address: hasAddress ? packet.ciaddr : broadcastAddress, port: site.clientPort } };
}

function given(kind: 'offer' | 'ack' | 'inform', { leaseSeconds }: Seat, server: Ipv4Address): Option[] {
  const head: Option[] = [
    [option.messageType, messageTypeValue(kind === 'offer' ? 'offer' : 'ack')],
    [option.serverId, addressesValue([server])],
  ];
  return kind === 'inform' ? head : [...head, [option.leaseSeconds, uint32Value(leaseSeconds)]];
}

function refusal({ address }: Seat, server: Ipv4Address): Option[] {
  return [
    [option.messageType, messageTypeValue('nak')],
    [option.serverId, addressesValue([server])],
    [option.message, textValue(`your address here is ${address}`)],
  ];
}

/** Given whether asked for or not: initramfs clients ask for little and use what comes. */
function settings(packet: DhcpPacket, seat: Seat, { network }: AnswerSite): Option[] {
  const { address, prefixLength } = network.address;
  return [
    [option.subnetMask, addressesValue([netmask(prefixLength)])],
    [option.broadcastAddress, addressesValue([broadcastOf(network.address)])],
    ...(network.gateway === undefined ? [] : [addresses(option.router, [network.gateway])]),
    ...(network.dns.length === 0 ? [] : [addresses(option.dnsServers, network.dns)]),
    ...(seat.hostName === undefined ? [] : [[option.hostName, textValue(seat.hostName)] as const]),
    addresses(option.ntpServers, [network.ntp ?? address]),
    ...(wantsPiVendorOptions(packet) ? forPiFirmware(address) : []),
  ];
}

/** Without 43 a Pi asks for ever; 66 must be a dotted quad, a name is not looked up. */
function forPiFirmware(server: Ipv4Address): Option[] {
  return [
    [option.vendorClass, textValue(pxeVendorClass)],
    [option.vendorOptions, piVendorOptions()],
    [option.tftpServerName, textValue(server)],
  ];
}

function addresses(code: number, list: readonly Ipv4Address[]): Option {
  return [code, addressesValue(list)];
}

/** RFC 6842 (client id) and RFC 4578 §2.3 (machine id): returned as they came. */
function echoed({ options }: DhcpPacket): Option[] {
  return [option.clientId, option.machineId].flatMap((code) => {
    const value = options.get(code);
    return value === undefined ? [] : [[code, value] as const];
  });
}
