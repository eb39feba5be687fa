/** One DHCP message as a value: the fixed fields of RFC 2131 §2 and the raw options. */
import type { Ipv4Address } from '../model/ipv4.ts';
import { macFromBytes, type MacAddress } from '../model/mac.ts';

/** Option code -> value as on the wire. Frame bytes (Pad, End, overload) are no options here. */
export type DhcpOptions = ReadonlyMap<number, Uint8Array>;

/**
 *     0                   1                   2                   3
 *     +---------------+---------------+---------------+---------------+
 *     |     op (1)    |   htype (1)   |   hlen (1)    |   hops (1)    |
 *     +---------------+---------------+---------------+---------------+
 *     |                            xid (4)                            |
 *     +-------------------------------+-------------------------------+
 *     |           secs (2)            |           flags (2)           |
 *     +-------------------------------+-------------------------------+
 *     |      ciaddr (4)   yiaddr (4)   siaddr (4)   giaddr (4)        |
 *     |      chaddr (16)  sname (64)   file (128)                     |
 *     |      magic cookie 99.130.83.99 (4), options (variable)        |
 *     +---------------------------------------------------------------+
 */
export interface DhcpPacket {
  readonly op: 'request' | 'reply';
  /** Hardware type: 1 is Ethernet. */
  readonly htype: number;
  readonly hops: number;
  /** Constant on a Pi 3, so it never tells two clients apart. */
  readonly xid: number;
  readonly secs: number;
  /** `broadcastFlag` or 0. */
  readonly flags: number;
  /** The client's own address, when it has one. */
  readonly ciaddr: Ipv4Address;
  /** The address that a server gives. */
  readonly yiaddr: Ipv4Address;
  /** The server that the client boots from. */
  readonly siaddr: Ipv4Address;
  /** The relay that passed the message on. */
  readonly giaddr: Ipv4Address;
  /** As many bytes as hlen says. */
  readonly chaddr: Uint8Array;
  readonly sname: string;
  readonly file: string;
  readonly options: DhcpOptions;
}

export const noAddress = '0.0.0.0' as Ipv4Address;
export const broadcastAddress = '255.255.255.255' as Ipv4Address;

/** "Answer by broadcast, I cannot receive unicasts yet": RFC 2131 §4.1. */
export const broadcastFlag = 0x8000;

export const ethernet = 1;

/** Offsets and sizes that encoder and decoder share. */
export const layout = {
  chaddr: { at: 28, size: 16 },
  sname: { at: 44, size: 64 },
  file: { at: 108, size: 128 },
  cookie: { at: 236, size: 4 },
  options: 240,
} as const;

export const magicCookie = 0x63825363;

/** @returns undefined when the client is not an Ethernet station of its own: no address, or a group's. */
export function readMac(packet: DhcpPacket): MacAddress | undefined {
  if (packet.htype !== ethernet || packet.chaddr.byteLength !== 6) return undefined;
  const isGroup = ((packet.chaddr[0] ?? 0) & 1) === 1;
  if (isGroup || packet.chaddr.every((byte) => byte === 0)) return undefined;
  return macFromBytes(packet.chaddr);
}
