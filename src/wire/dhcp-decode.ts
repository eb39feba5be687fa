/** DHCP bytes -> value. Strict on the frame, tolerant on what options hold. */
import { WireError } from '../model/errors.ts';
import { ipv4FromBytes, type Ipv4Address } from '../model/ipv4.ts';
import { layout, magicCookie, noAddress, type DhcpOptions, type DhcpPacket } from './dhcp.ts';
import { option } from './dhcp-options.ts';

/** Options by which a server decides; a wrong size there makes the whole message meaningless. */
const fixedSizes: readonly (readonly [code: number, size: number])[] = [
  [option.requestedAddress, 4],
  [option.leaseSeconds, 4],
  [option.messageType, 1],
  [option.serverId, 4],
];

/** @throws WireError for anything that is not a whole DHCP or BOOTP message. */
export function decodeDhcp(datagram: Uint8Array): DhcpPacket {
  if (datagram.byteLength < layout.options) {
    throw new WireError(`DHCP message of ${datagram.byteLength} bytes, at least ${layout.options} are needed`);
  }
  // One copy of all: the receive buffer is used again while parts of this are still looked at.
  const bytes = plainCopy(datagram);
  const cookie = uint32(bytes, layout.cookie.at);
  if (cookie !== magicCookie && cookie !== 0) throw new WireError('BOOTP message without the DHCP cookie');
  const hlen = byte(bytes, 2);
  if (hlen > layout.chaddr.size) throw new WireError(`DHCP hardware address of ${hlen} bytes, 16 fit`);
  const op = decodeOp(byte(bytes, 0));
  const { options, overload } = cookie === 0 ? plainBootp : decodeAllOptions(bytes);
  return {
    op,
    htype: byte(bytes, 1),
    hops: byte(bytes, 3),
    xid: uint32(bytes, 4),
    secs: uint16(bytes, 8),
    flags: uint16(bytes, 10),
    ciaddr: address(bytes, 12),
    yiaddr: address(bytes, 16),
    siaddr: address(bytes, 20),
    giaddr: address(bytes, 24),
    chaddr: bytes.subarray(layout.chaddr.at, layout.chaddr.at + hlen),
    sname: overload.sname ? '' : decodeText(bytes, layout.sname),
    file: overload.file ? '' : decodeText(bytes, layout.file),
    options,
  };
}

/** In Node's pool; memory of its own for each message would be most of the work. */
function plainCopy(datagram: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(datagram);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

interface Overload {
  readonly file: boolean;
  readonly sname: boolean;
}

interface AllOptions {
  readonly options: DhcpOptions;
  readonly overload: Overload;
}

const notOverloaded: Overload = { file: false, sname: false };

/** RFC 951 knows no options. */
const plainBootp: AllOptions = { options: new Map(), overload: notOverloaded };

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function uint16(bytes: Uint8Array, at: number): number {
  return byte(bytes, at) * 256 + byte(bytes, at + 1);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);
}

/** Most of a message's addresses are none. */
function address(bytes: Uint8Array, at: number): Ipv4Address {
  return uint32(bytes, at) === 0 ? noAddress : ipv4FromBytes(bytes.subarray(at, at + 4));
}

function decodeOp(op: number): DhcpPacket['op'] {
  if (op === 1) return 'request';
  if (op === 2) return 'reply';
  throw new WireError(`DHCP op is ${op}, neither request (1) nor reply (2)`);
}

function field(bytes: Uint8Array, { at, size }: { at: number; size: number }): Uint8Array {
  return bytes.subarray(at, at + size);
}

function decodeText(bytes: Uint8Array, where: { at: number; size: number }): string {
  if (byte(bytes, where.at) === 0) return '';
  const value = field(bytes, where);
  const end = value.indexOf(0);
  return Buffer.from(end === -1 ? value : value.subarray(0, end)).toString('latin1');
}

/** The options field, then what option 52 puts into file and sname, in that order: RFC 3396 §5. */
function decodeAllOptions(bytes: Uint8Array): AllOptions {
  const pieces = new Pieces();
  const hasEnd = collectOptions(bytes, layout.options, bytes.byteLength, pieces);
  // BOOTP clients fill their 64 bytes with zeros.
  if (!hasEnd && pieces.first.has(option.messageType)) throw new WireError('DHCP options without End (255)');
  const overload = pieces.first.has(option.overload) ? decodeOverload(pieces) : notOverloaded;
  if (overload.file) collectField(bytes, layout.file, pieces);
  if (overload.sname) collectField(bytes, layout.sname, pieces);
  const options = pieces.joined();
  for (const [code, size] of fixedSizes) {
    const actual = options.get(code)?.byteLength;
    if (actual !== undefined && actual !== size) {
      throw new WireError(`DHCP option ${code} has ${actual} bytes instead of ${size}`);
    }
  }
  return { options, overload };
}

/** RFC 2132 §9.3: 1 file, 2 sname, 3 both hold options. */
function decodeOverload(pieces: Pieces): Overload {
  const value = pieces.more.has(option.overload) ? undefined : pieces.first.get(option.overload);
  const bits = value?.byteLength === 1 ? value[0] : undefined;
  if (bits === undefined || bits < 1 || bits > 3) throw new WireError('DHCP option 52 (overload) is not 1, 2 or 3');
  return { file: (bits & 1) !== 0, sname: (bits & 2) !== 0 };
}

/** An option that appears twice is one long option: RFC 3396 §5. Hardly any does. */
class Pieces {
  readonly first = new Map<number, Uint8Array>();
  readonly more = new Map<number, Uint8Array[]>();

  add(code: number, value: Uint8Array): void {
    const more = this.more.get(code);
    if (more !== undefined) more.push(value);
    else if (this.first.has(code)) this.more.set(code, [value]);
    else this.first.set(code, value);
  }

  joined(): DhcpOptions {
    for (const [code, values] of this.more) {
      const first = this.first.get(code) ?? new Uint8Array();
      this.first.set(code, Uint8Array.from(Buffer.concat([first, ...values])));
    }
    this.first.delete(option.overload);
    return this.first;
  }
}

function collectField(bytes: Uint8Array, { at, size }: { at: number; size: number }, pieces: Pieces): void {
  if (!collectOptions(bytes, at, at + size, pieces)) throw new WireError('DHCP options without End (255)');
}

/**
 * Reads one field of options, from `at` up to `end`.
 *
 *     Code   Len   Value          (RFC 2132 §2; Pad and End have no Len)
 *     +-----+-----+-----+-----
 *     |  c  |  n  |  v1 |  ...
 *     +-----+-----+-----+-----
 *
 * @returns whether it is closed by End
 */
function collectOptions(bytes: Uint8Array, start: number, end: number, pieces: Pieces): boolean {
  let at = start;
  while (at < end) {
    const code = byte(bytes, at++);
    if (code === option.end) return true;
    if (code === option.pad) continue;
    const length = byte(bytes, at++);
    if (at > end || at + length > end) throw new WireError(`DHCP option ${code} is cut off`);
    pieces.add(code, bytes.subarray(at, at + length));
    at += length;
  }
  return false;
}
