/** Value -> DHCP bytes. The message type comes first, End last, nothing is padded in between. */
import { WireError } from '../model/errors.ts';
import { ipv4ToBytes } from '../model/ipv4.ts';
import { layout, magicCookie, type DhcpOptions, type DhcpPacket } from './dhcp.ts';
import { option } from './dhcp-options.ts';

/** BOOTP's size, which old relays and clients insist on: RFC 1542 §2.1. */
const minimumBytes = 300;

const maximumOptionBytes = 255;

/** @throws WireError when a field does not fit its place. */
export function encodeDhcp(packet: DhcpPacket): Uint8Array {
  const options = encodeOptions(packet.options);
  const bytes = Buffer.alloc(Math.max(minimumBytes, layout.options + options.byteLength));
  bytes.writeUInt8(packet.op === 'request' ? 1 : 2, 0);
  bytes.writeUInt8(packet.htype, 1);
  bytes.writeUInt8(packet.chaddr.byteLength, 2);
  bytes.writeUInt8(packet.hops, 3);
  bytes.writeUInt32BE(packet.xid, 4);
  bytes.writeUInt16BE(packet.secs, 8);
  bytes.writeUInt16BE(packet.flags, 10);
  bytes.set(ipv4ToBytes(packet.ciaddr), 12);
  bytes.set(ipv4ToBytes(packet.yiaddr), 16);
  bytes.set(ipv4ToBytes(packet.siaddr), 20);
  bytes.set(ipv4ToBytes(packet.giaddr), 24);
  place(bytes, packet.chaddr, layout.chaddr, 'hardware address');
  place(bytes, Buffer.from(packet.sname, 'latin1'), layout.sname, 'server name');
  place(bytes, Buffer.from(packet.file, 'latin1'), layout.file, 'file name');
  bytes.writeUInt32BE(magicCookie, layout.cookie.at);
  bytes.set(options, layout.options);
  return bytes;
}

function place(bytes: Buffer, value: Uint8Array, { at, size }: { at: number; size: number }, what: string): void {
  if (value.byteLength > size) throw new WireError(`DHCP ${what} of ${value.byteLength} bytes, ${size} fit`);
  bytes.set(value, at);
}

/** Pi firmware before 2020-01-17 stops at a Pad between options, so there is none. */
function encodeOptions(options: DhcpOptions): Uint8Array {
  const type = options.get(option.messageType);
  const rest = [...options].filter(([code]) => code !== option.messageType);
  return Buffer.concat([
    ...(type === undefined ? [] : encodeOption(option.messageType, type)),
    ...rest.flatMap(([code, value]) => encodeOption(code, value)),
    Uint8Array.of(option.end),
  ]);
}

/** A value over 255 bytes becomes several options of the same code: RFC 3396 §6. */
function encodeOption(code: number, value: Uint8Array): Uint8Array[] {
  if (code <= option.pad || code >= option.end || code === option.overload) {
    throw new WireError(`${code} is not the code of a DHCP option with a value`);
  }
  const pieces = [];
  for (let at = 0; at === 0 || at < value.byteLength; at += maximumOptionBytes) {
    const piece = value.subarray(at, at + maximumOptionBytes);
    pieces.push(Uint8Array.of(code, piece.byteLength), piece);
  }
  return pieces;
}
