/** One UDP datagram as a whole Ethernet frame: for a client that has no address yet, and so none that ARP would find. */
import { WireError } from '../model/errors.ts';
import { ipv4FromBytes, ipv4ToBytes, type Ipv4Address } from '../model/ipv4.ts';
import { macFromBytes, macToBytes, type MacAddress } from '../model/mac.ts';

/** Who sends or receives on a cable. */
export interface Station {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  readonly port: number;
}

export interface UdpFrame {
  readonly from: Station;
  readonly to: Station;
  readonly payload: Uint8Array;
}

export interface DecodedUdpFrame extends UdpFrame {
  /** `none`: the sender made none. `wrong` also where the sender leaves it to its card, and the card never saw the frame. */
  readonly checksum: 'right' | 'wrong' | 'none';
}

/**
 *      0        6        12  14                       34                42
 *     +--------+--------+---+------------------------+-----------------+---------
 *     | to     | from   |800| IPv4 (RFC 791 §3.1)    | UDP (RFC 768)   | payload
 *     +--------+--------+---+------------------------+-----------------+---------
 */
const ethernetBytes = 14;
const shortestIpBytes = 20;
const udpBytes = 8;
const etherTypeIpv4 = 0x0800;
const protocolUdp = 17;
const longestPayloadBytes = 65_535 - shortestIpBytes - udpBytes;
/** RFC 1700: what hosts send with. */
const timeToLive = 64;
const anyFragment = 0x3fff;

export function encodeUdpFrame({ from, to, payload }: UdpFrame): Uint8Array {
  if (payload.byteLength > longestPayloadBytes) throw new WireError(`${payload.byteLength} bytes are no UDP datagram`);
  const frame = Buffer.alloc(ethernetBytes + shortestIpBytes + udpBytes + payload.byteLength);
  frame.set(macToBytes(to.mac), 0);
  frame.set(macToBytes(from.mac), 6);
  frame.writeUInt16BE(etherTypeIpv4, 12);
  writeIpHeader(frame.subarray(ethernetBytes), from.address, to.address);
  const udp = frame.subarray(ethernetBytes + shortestIpBytes);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(udp.byteLength, 4);
  udp.set(payload, udpBytes);
  // 0 would say that there is none (RFC 768): all ones mean the same sum.
  udp.writeUInt16BE(checksumOf(udp, pseudoHeaderSum(frame.subarray(ethernetBytes), udp.byteLength)) || 0xffff, 6);
  return frame;
}

function writeIpHeader(packet: Buffer, from: Ipv4Address, to: Ipv4Address): void {
  // Version 4, a header of five words.
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.byteLength, 2);
  packet[8] = timeToLive;
  packet[9] = protocolUdp;
  packet.set(ipv4ToBytes(from), 12);
  packet.set(ipv4ToBytes(to), 16);
  packet.writeUInt16BE(checksumOf(packet.subarray(0, shortestIpBytes), 0), 10);
}

/** @throws WireError for everything that is no whole UDP datagram over IPv4 */
export function decodeUdpFrame(frame: Uint8Array): DecodedUdpFrame {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const packet = ipv4PacketIn(bytes);
  const udp = udpIn(packet);
  const sent = udp.readUInt16BE(6);
  const isRight = checksumOf(udp, pseudoHeaderSum(packet, udp.byteLength)) === 0;
  return {
    from: station(bytes.subarray(6), packet.subarray(12), udp.readUInt16BE(0)),
    to: station(bytes, packet.subarray(16), udp.readUInt16BE(2)),
    payload: udp.subarray(udpBytes),
    checksum: sent === 0 ? 'none' : isRight ? 'right' : 'wrong',
  };
}

/** Without what Ethernet adds behind a short packet. */
function ipv4PacketIn(frame: Buffer): Buffer {
  if (frame.byteLength < ethernetBytes + shortestIpBytes) throw new WireError(`a frame of ${frame.byteLength} bytes`);
  const type = frame.readUInt16BE(12);
  if (type !== etherTypeIpv4) throw new WireError(`EtherType 0x${type.toString(16)} is not IPv4`);
  const packet = frame.subarray(ethernetBytes);
  const [headerBytes, length] = [(packet.readUInt8(0) & 0xf) * 4, packet.readUInt16BE(2)];
  if (packet.readUInt8(0) >> 4 !== 4 || headerBytes < shortestIpBytes) throw new WireError('not an IPv4 header');
  if (length < headerBytes || length > packet.byteLength) throw new WireError(`IPv4 says ${length} bytes`);
  if (checksumOf(packet.subarray(0, headerBytes), 0) !== 0) throw new WireError('the IPv4 checksum is wrong');
  return packet.subarray(0, length);
}

function udpIn(packet: Buffer): Buffer {
  if (packet.readUInt8(9) !== protocolUdp) throw new WireError(`IPv4 protocol ${packet.readUInt8(9)} is not UDP`);
  if ((packet.readUInt16BE(6) & anyFragment) !== 0) throw new WireError('a fragment');
  const rest = packet.subarray((packet.readUInt8(0) & 0xf) * 4);
  const length = rest.byteLength < udpBytes ? 0 : rest.readUInt16BE(4);
  if (length < udpBytes || length > rest.byteLength) throw new WireError(`UDP says ${length} bytes`);
  return rest.subarray(0, length);
}

function station(mac: Uint8Array, address: Uint8Array, port: number): Station {
  return { mac: macFromBytes(mac), address: ipv4FromBytes(address.subarray(0, 4)), port };
}

/** RFC 768: addresses, protocol and length count as if they stood before the datagram. */
function pseudoHeaderSum(packet: Buffer, udpLength: number): number {
  return sumOf(packet.subarray(12, 20)) + protocolUdp + udpLength;
}

/** RFC 1071: the complement of the sum of all words; 0 over bytes that hold their right checksum. */
function checksumOf(bytes: Buffer, start: number): number {
  let sum = start + sumOf(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.byteLength; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.byteLength % 2 === 0 ? sum : sum + bytes.readUInt8(bytes.byteLength - 1) * 256;
}
