/** ARP over Ethernet for IPv4 (RFC 826), and the probe that asks who has an address without taking it (RFC 5227). */
import { WireError } from '../model/errors.ts';
import { ipv4FromBytes, ipv4ToBytes, parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import { macFromBytes, macToBytes, parseMac, type MacAddress } from '../model/mac.ts';

export interface ArpFrame {
  readonly kind: 'request' | 'reply';
  /** Where the frame goes on the cable. */
  readonly to: MacAddress;
  readonly sender: { readonly mac: MacAddress; readonly address: Ipv4Address };
  readonly target: { readonly mac: MacAddress; readonly address: Ipv4Address };
}

/**
 *      0        6        12  14      20  22        28        32        38
 *     +--------+--------+---+-------+---+---------+---------+---------+---------+
 *     | to     | from   |806| kinds |op | sender          | | target          | |
 *     +--------+--------+---+-------+---+---------+---------+---------+---------+
 */
const frameBytes = 42;
const etherTypeArp = 0x0806;
/** Ethernet, IPv4, and the lengths of their addresses. */
const kinds = Buffer.from('000108000604', 'hex');
const operations = { request: 1, reply: 2 } as const;

const everybody = parseMac('ff:ff:ff:ff:ff:ff');
const nobody = parseMac('00:00:00:00:00:00');
const noAddress = parseIpv4('0.0.0.0');

/** RFC 5227 §2.1.1: with no sender address, so that nobody's table changes. */
export function arpProbe(mac: MacAddress, address: Ipv4Address): ArpFrame {
  return {
    kind: 'request',
    to: everybody,
    sender: { mac, address: noAddress },
    target: { mac: nobody, address },
  };
}

export function encodeArp({ kind, to, sender, target }: ArpFrame): Uint8Array {
  const frame = Buffer.alloc(frameBytes);
  frame.set(macToBytes(to), 0);
  frame.set(macToBytes(sender.mac), 6);
  frame.writeUInt16BE(etherTypeArp, 12);
  frame.set(kinds, 14);
  frame.writeUInt16BE(operations[kind], 20);
  frame.set(macToBytes(sender.mac), 22);
  frame.set(ipv4ToBytes(sender.address), 28);
  frame.set(macToBytes(target.mac), 32);
  frame.set(ipv4ToBytes(target.address), 38);
  return frame;
}

/** @throws WireError for everything that is not ARP between Ethernet stations with IPv4 addresses */
export function decodeArp(frame: Uint8Array): ArpFrame {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (bytes.byteLength < frameBytes || bytes.readUInt16BE(12) !== etherTypeArp) throw new WireError('not ARP');
  if (!bytes.subarray(14, 20).equals(kinds)) throw new WireError('not ARP for IPv4 over Ethernet');
  const operation = bytes.readUInt16BE(20);
  if (operation !== operations.request && operation !== operations.reply) {
    throw new WireError(`ARP operation ${operation} is neither request nor reply`);
  }
  return {
    kind: operation === operations.request ? 'request' : 'reply',
    to: macFromBytes(bytes),
    sender: { mac: macFromBytes(bytes.subarray(22)), address: ipv4FromBytes(bytes.subarray(28, 32)) },
    target: { mac: macFromBytes(bytes.subarray(32)), address: ipv4FromBytes(bytes.subarray(38, 42)) },
  };
}
