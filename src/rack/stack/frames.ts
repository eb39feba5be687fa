/**
 * Ethernet, ARP, IPv4 and UDP as far as a board's firmware speaks them: no fragments, no IP options, no checksum over UDP.
 * Offsets and numbers where wire/udp-frame.ts and wire/arp-frame.ts have values: a storm has a hundred thousand frames a second.
 */
import { macToBytes, type MacAddress } from '../../model/mac.ts';

/**
 *      0        6        12  14                       34                42
 *     +--------+--------+---+------------------------+-----------------+--------
 *     | to     | from   |   | IPv4 header (RFC 791)  | UDP (RFC 768)   | bytes
 *     +--------+--------+---+------------------------+-----------------+--------
 */
export const at = {
  destination: 0,
  source: 6,
  type: 12,
  ip: 14,
  ipLength: 16,
  ipFragment: 20,
  ipProtocol: 23,
  ipChecksum: 24,
  ipSource: 26,
  ipDestination: 30,
  sourcePort: 34,
  destinationPort: 36,
  udpLength: 38,
  payload: 42,
} as const;

/** RFC 826; the addresses of an Ethernet station are behind the operation. */
export const arpAt = { operation: 20, senderMac: 22, senderAddress: 28, targetMac: 32, targetAddress: 38 } as const;

export const etherType = { ipv4: 0x0800, arp: 0x0806 } as const;
export const arpOperation = { request: 1, reply: 2 } as const;
const protocolUdp = 17;

const arpBytes = 42;
const ipHeaderBytes = 20;
const udpHeaderBytes = 8;

/** As firmware's own stack sends them. */
const timeToLive = 128;

export const everyone = macToBytes('ff:ff:ff:ff:ff:ff' as MacAddress);

export interface UdpAddresses {
  readonly sourceMac: Uint8Array;
  readonly destinationMac: Uint8Array;
  readonly sourceAddress: number;
  readonly destinationAddress: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export function udpFrame(addresses: UdpAddresses, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(at.payload + payload.byteLength);
  frame.set(addresses.destinationMac, at.destination);
  frame.set(addresses.sourceMac, at.source);
  frame.writeUInt16BE(etherType.ipv4, at.type);
  frame[at.ip] = 0x45;
  frame.writeUInt16BE(ipHeaderBytes + udpHeaderBytes + payload.byteLength, at.ipLength);
  frame[at.ip + 8] = timeToLive;
  frame[at.ipProtocol] = protocolUdp;
  frame.writeUInt32BE(addresses.sourceAddress, at.ipSource);
  frame.writeUInt32BE(addresses.destinationAddress, at.ipDestination);
  frame.writeUInt16BE(headerChecksum(frame), at.ipChecksum);
  frame.writeUInt16BE(addresses.sourcePort, at.sourcePort);
  frame.writeUInt16BE(addresses.destinationPort, at.destinationPort);
  frame.writeUInt16BE(udpHeaderBytes + payload.byteLength, at.udpLength);
  frame.set(payload, at.payload);
  return frame;
}

function headerChecksum(frame: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < ipHeaderBytes; offset += 2) sum += frame.readUInt16BE(at.ip + offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

export interface ArpMessage {
  readonly operation: 'request' | 'reply';
  readonly senderMac: Uint8Array;
  readonly senderAddress: number;
  /** Of an answer: who had asked. */
  readonly targetMac?: Uint8Array;
  readonly targetAddress: number;
}

export function arpFrame(message: ArpMessage): Buffer {
  const frame = Buffer.alloc(arpBytes);
  frame.set(message.targetMac ?? everyone, at.destination);
  frame.set(message.senderMac, at.source);
  frame.writeUInt16BE(etherType.arp, at.type);
  // Ethernet, IPv4, and the lengths of their addresses.
  frame.set([0, 1, 8, 0, 6, 4], at.ip);
  frame.writeUInt16BE(arpOperation[message.operation], arpAt.operation);
  frame.set(message.senderMac, arpAt.senderMac);
  frame.writeUInt32BE(message.senderAddress, arpAt.senderAddress);
  if (message.targetMac !== undefined) frame.set(message.targetMac, arpAt.targetMac);
  frame.writeUInt32BE(message.targetAddress, arpAt.targetAddress);
  return frame;
}

export function isArp(frame: Uint8Array, start: number, length: number): boolean {
  return length >= arpBytes && uint16(frame, start + at.type) === etherType.arp;
}

/** An unfragmented UDP datagram, all of which is here. */
export function isUdp(frame: Uint8Array, start: number, length: number): boolean {
  return (
    length >= at.payload &&
    uint16(frame, start + at.type) === etherType.ipv4 &&
    frame[start + at.ip] === 0x45 &&
    frame[start + at.ipProtocol] === protocolUdp &&
    (uint16(frame, start + at.ipFragment) & 0x3fff) === 0 &&
    uint16(frame, start + at.udpLength) >= udpHeaderBytes &&
    at.sourcePort + uint16(frame, start + at.udpLength) <= length
  );
}

export function payloadBytes(frame: Uint8Array, start: number): number {
  return uint16(frame, start + at.udpLength) - udpHeaderBytes;
}

export function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

export function uint32(bytes: Uint8Array, offset: number): number {
  return lastFour(bytes, offset) >>> 0;
}

/** Four bytes as a signed number: cheaper as a key than what does not fit into 32 bits. */
export function lastFour(bytes: Uint8Array, offset: number): number {
  return (uint16(bytes, offset) << 16) | uint16(bytes, offset + 2);
}
