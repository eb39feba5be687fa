/** DHCP bytes -> value. Strict on the frame, tolerant on what options hold. */
import { WireError } from '../model/errors.ts';
import { ipv4FromBytes } from '../model/ipv4.ts';
import { layout, magicCookie, type DhcpOptions, type DhcpPacket } from './dhcp.ts';
import { option } from './dhcp-options.ts';

/** Options by which a server decides; a wrong size there makes the whole message meaningless. */
const fixedSizes: ReadonlyMap<number, number> = new Map([
  [option.requestedAddress, 4],
  [option.leaseSeconds, 4],
  [option.messageType, 1],
  [option.serverId, 4],
]);

/** @throws WireError for anything that is not a whole DHCP (or BOOTP with options) message. */
export function decodeDhcp(datagram: Uint8Array): DhcpPacket {
  // A plain Uint8Array, also over a Buffer, whose slice() would share memory.
  const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (bytes.byteLength < layout.options) {
    throw new WireError(`DHCP message of ${bytes.byteLength} bytes, at least ${layout.options} are needed`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(layout.cookie.at) !== magicCookie) throw new WireError('BOOTP message without the DHCP cookie');
  const hlen = view.getUint8(2);
  if (hlen > layout.chaddr.size) throw new WireError(`DHCP hardware address of ${hlen} bytes, 16 fit`);
  const { options, overload } = decodeAllOptions(bytes);
  return {
    op: decodeOp(view.getUint8(0)),
    htype: view.getUint8(1),
    hops: view.getUint8(3),
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    flags: view.getUint16(10),
    ciaddr: ipv4FromBytes(bytes.subarray(12, 16)),
    yiaddr: ipv4FromBytes(bytes.subarray(16, 20)),
    siaddr: ipv4FromBytes(bytes.subarray(20, 24)),
    giaddr: ipv4FromBytes(bytes.subarray(24, 28)),
    chaddr: bytes.slice(layout.chaddr.at, layout.chaddr.at + hlen),
    sname: overload.sname ? '' : decodeText(field(bytes, layout.sname)),
    file: overload.file ? '' : decodeText(field(bytes, layout.file)),
    options,
  };
}

interface Overload {
  readonly file: boolean;
  readonly sname: boolean;
}

function decodeOp(op: number): DhcpPacket['op'] {
  if (op === 1) return 'request';
  if (op === 2) return 'reply';
  throw new WireError(`DHCP op is ${op}, neither request (1) nor reply (2)`);
}

function field(bytes: Uint8Array, { at, size }: { at: number; size: number }): Uint8Array {
  return bytes.subarray(at, at + size);
}

function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString('latin1');
}

/** The options field, then what option 52 puts into file and sname, in that order: RFC 3396 §5. */
function decodeAllOptions(bytes: Uint8Array): { options: DhcpOptions; overload: Overload } {
  const pieces = new Map<number, Uint8Array[]>();
  collectOptions(bytes.subarray(layout.options), pieces);
  const overload = decodeOverload(pieces.get(option.overload));
  if (overload.file) collectOptions(field(bytes, layout.file), pieces);
  if (overload.sname) collectOptions(field(bytes, layout.sname), pieces);
  pieces.delete(option.overload);
  const options = new Map([...pieces].map(([code, values]) => [code, Uint8Array.from(Buffer.concat(values))]));
  for (const [code, size] of fixedSizes) {
    const actual = options.get(code)?.byteLength;
    if (actual !== undefined && actual !== size) {
      throw new WireError(`DHCP option ${code} has ${actual} bytes instead of ${size}`);
    }
  }
  return { options, overload };
}

/** RFC 2132 §9.3: 1 file, 2 sname, 3 both hold options. */
function decodeOverload(values: readonly Uint8Array[] | undefined): Overload {
  if (values === undefined) return { file: false, sname: false };
  const value = values.length === 1 && values[0]?.byteLength === 1 ? values[0][0] : undefined;
  if (value === undefined || value < 1 || value > 3) throw new WireError('DHCP option 52 (overload) is not 1, 2 or 3');
  return { file: (value & 1) !== 0, sname: (value & 2) !== 0 };
}

/**
 * Reads one field of options.
 *
 *     Code   Len   Value          (RFC 2132 §2; Pad and End have no Len)
 *     +-----+-----+-----+-----
 *     |  c  |  n  |  v1 |  ...
 *     +-----+-----+-----+-----
 *
 * An option that appears twice is one long option: RFC 3396 §5.
 */
function collectOptions(bytes: Uint8Array, pieces: Map<number, Uint8Array[]>): void {
  let at = 0;
  for (;;) {
    const code = bytes[at++];
    if (code === undefined) throw new WireError('DHCP options without End (255)');
    if (code === option.end) return;
    if (code === option.pad) continue;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.byteLength) throw new WireError(`DHCP option ${code} is cut off`);
    const values = pieces.get(code);
    const value = bytes.subarray(at, at + length);
    if (values === undefined) pieces.set(code, [value]);
    else values.push(value);
    at += length;
  }
}
