/** Value -> DHCP bytes. The message type comes first, a relay's option and End last, nothing is padded in between. */
import { WireError } from '../model/errors.ts';
import { ipv4ToNumber, type Ipv4Address } from '../model/ipv4.ts';
import { layout, magicCookie, noAddress, type DhcpPacket } from './dhcp.ts';
import { maxPieceBytes, packOptions, sizeOfOption, type PackedOptions } from './dhcp-overload.ts';
import { option } from './dhcp-options.ts';

/** BOOTP's size, which old relays and clients insist on: RFC 1542 §2.1. */
const minimumBytes = 300;

export interface DhcpLimits {
  /** Of the whole message; what does not fit is left out, the last options first, but never a relay's. */
  readonly maxBytes: number;
  /** BOOTP clients do not know option 52. */
  readonly mayOverload: boolean;
}

/** @throws WireError when a field does not fit its place. */
export function encodeDhcp(packet: DhcpPacket, limits?: DhcpLimits): Uint8Array {
  const ordered = inOrder(packet);
  const size = layout.options + sizeOfAll(ordered) + 1;
  const packed = limits !== undefined && size > limits.maxBytes ? packOptions(ordered, packet, limits) : undefined;
  const area = packed === undefined ? size : layout.options + sizeOfAll(packed.options) + 1;
  // Out of Node's pool: memory of its own for each answer would be most of the work.
  const bytes = Buffer.allocUnsafe(Math.max(minimumBytes, area)).fill(0);
  writeHeader(bytes, packet);
  writeOptions(bytes, layout.options, packed?.options ?? ordered);
  if (packed !== undefined) writeOverload(bytes, packed);
  return bytes;
}

type Option = readonly [code: number, value: Uint8Array];

function inOrder({ options }: DhcpPacket): Option[] {
  const type = options.get(option.messageType);
  const relay = options.get(option.relayInfo);
  const ordered: Option[] = type === undefined ? [] : [[option.messageType, type]];
  for (const entry of options) {
    const [code] = entry;
    if (code === option.messageType || code === option.relayInfo) continue;
    if (code <= option.pad || code >= option.end || code === option.overload) {
      throw new WireError(`${code} is not the code of a DHCP option with a value`);
    }
    ordered.push(entry);
  }
  // RFC 3046 §2.2: relays look for it at the end.
  if (relay !== undefined) ordered.push([option.relayInfo, relay]);
  return ordered;
}

function sizeOfAll(options: readonly Option[]): number {
  let size = 0;
  for (const [, value] of options) size += sizeOfOption(value);
  return size;
}

function writeHeader(bytes: Buffer, packet: DhcpPacket): void {
  bytes[0] = packet.op === 'request' ? 1 : 2;
  bytes[1] = packet.htype;
  bytes[2] = packet.chaddr.byteLength;
  bytes[3] = packet.hops;
  bytes.writeUInt32BE(packet.xid, 4);
  bytes.writeUInt16BE(packet.secs, 8);
  bytes.writeUInt16BE(packet.flags, 10);
  writeAddress(bytes, packet.ciaddr, 12);
  writeAddress(bytes, packet.yiaddr, 16);
  writeAddress(bytes, packet.siaddr, 20);
  writeAddress(bytes, packet.giaddr, 24);
  place(bytes, packet.chaddr, layout.chaddr, 'hardware address');
  if (packet.sname !== '') place(bytes, Buffer.from(packet.sname, 'latin1'), layout.sname, 'server name');
  if (packet.file !== '') place(bytes, Buffer.from(packet.file, 'latin1'), layout.file, 'file name');
  bytes.writeUInt32BE(magicCookie, layout.cookie.at);
}

function writeAddress(bytes: Buffer, address: Ipv4Address, at: number): void {
  if (address !== noAddress) bytes.writeUInt32BE(ipv4ToNumber(address), at);
}

function place(bytes: Buffer, value: Uint8Array, { at, size }: { at: number; size: number }, what: string): void {
  if (value.byteLength > size) throw new WireError(`DHCP ${what} of ${value.byteLength} bytes, ${size} fit`);
  bytes.set(value, at);
}

function writeOverload(bytes: Buffer, { file, sname }: PackedOptions): void {
  if (file.length > 0) writeOptions(bytes, layout.file.at, file);
  if (sname.length > 0) writeOptions(bytes, layout.sname.at, sname);
}

/** Pi firmware before 2020-01-17 stops at a Pad between options, so there is none. */
function writeOptions(bytes: Buffer, start: number, options: readonly Option[]): void {
  let at = start;
  for (const [code, value] of options) at = writeOption(bytes, at, code, value);
  bytes[at] = option.end;
}

/** A value over 255 bytes becomes several options of the same code: RFC 3396 §6. */
function writeOption(bytes: Buffer, start: number, code: number, value: Uint8Array): number {
  let at = start;
  for (let from = 0; from === 0 || from < value.byteLength; from += maxPieceBytes) {
    const length = Math.min(maxPieceBytes, value.byteLength - from);
    bytes[at] = code;
    bytes[at + 1] = length;
    for (let index = 0; index < length; index++) bytes[at + 2 + index] = value[from + index] ?? 0;
    at += 2 + length;
  }
  return at;
}
