/** TFTP datagrams as values, and back: RFC 1350 and the option fields of RFC 2347. What an option means: tftp-options.ts. */
import { unreachable, WireError } from '../model/errors.ts';

export interface TftpRequest {
  readonly kind: 'read' | 'write';
  /** Raw: one character per byte on the wire. */
  readonly path: string;
  /** Lower case: octet, netascii or mail; others are for the server to refuse. */
  readonly mode: string;
  /** Names in lower case; the first of two options with one name counts. */
  readonly options: ReadonlyMap<string, string>;
}

export type TftpPacket =
  | TftpRequest
  | { readonly kind: 'data'; readonly block: number; readonly bytes: Uint8Array }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'option-ack'; readonly options: ReadonlyMap<string, string> };

const opcode = { read: 1, write: 2, data: 3, ack: 4, error: 5, 'option-ack': 6 } as const;

/** RFC 1350 §5 and RFC 2347, as far as a read-only server says them. */
export const tftpErrorCode = {
  other: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransferId: 5,
} as const;

/** Opcode and block number in front of the bytes of a DATA packet. */
export const dataHeaderBytes = 4;

/** Ours; the longest name that real firmware sends has about 60. */
export const maxPathBytes = 255;

/** RFC 2347 allows 512; ours, so that 255 bytes of name and every option fit whatever their spelling. */
const maxRequestBytes = 1024;

/** What boards print to their console; also keeps an answer smaller than what could provoke it. */
const maxMessageBytes = 400;

/** @throws WireError when the datagram is no TFTP packet. */
export function decodeTftp(datagram: Uint8Array): TftpPacket {
  if (datagram.byteLength < dataHeaderBytes) {
    throw new WireError(`TFTP datagram of ${datagram.byteLength} bytes; the shortest packet has 4`);
  }
  const code = uint16At(datagram, 0);
  switch (code) {
    case opcode.read:
      return decodeRequest('read', datagram);
    case opcode.write:
      return decodeRequest('write', datagram);
    case opcode.data:
      return { kind: 'data', block: uint16At(datagram, 2), bytes: datagram.subarray(dataHeaderBytes) };
    case opcode.ack:
      // Bytes behind the block number are ignored, as other servers do.
      return { kind: 'ack', block: uint16At(datagram, 2) };
    case opcode.error:
      return { kind: 'error', code: uint16At(datagram, 2), message: decodeMessage(datagram) };
    case opcode['option-ack']:
      return { kind: 'option-ack', options: decodeOptions(textsFrom(datagram, 2)) };
    default:
      throw new WireError(`TFTP opcode ${code} is unknown`);
  }
}

/** True for a datagram whose sender waits for an answer, even when the rest of it cannot be read. */
export function isTftpRequest(datagram: Uint8Array): boolean {
  return datagram[0] === 0 && (datagram[1] === opcode.read || datagram[1] === opcode.write);
}

export function encodeTftp(packet: TftpPacket): Uint8Array {
  const head = Buffer.from([0, opcode[packet.kind]]);
  switch (packet.kind) {
    case 'read':
    case 'write':
      return Buffer.concat([head, text(packet.path), text(packet.mode), ...encodeOptions(packet.options)]);
    case 'data':
      return Buffer.concat([head, uint16(packet.block), packet.bytes]);
    case 'ack':
      return Buffer.concat([head, uint16(packet.block)]);
    case 'error':
      return Buffer.concat([head, uint16(packet.code), text(printable(packet.message))]);
    case 'option-ack':
      return Buffer.concat([head, ...encodeOptions(packet.options)]);
    default:
      return unreachable(packet);
  }
}

/**
 *      2 bytes   string   1   string  1   string   1   string  1        (RFC 2347)
 *     +--------+--------+---+-------+---+--------+---+-------+---+----
 *     | opcode |  path  | 0 | mode  | 0 |  name  | 0 | value | 0 | ...
 *     +--------+--------+---+-------+---+--------+---+-------+---+----
 */
function decodeRequest(kind: 'read' | 'write', datagram: Uint8Array): TftpRequest {
  const pathEnd = datagram.indexOf(0, 2);
  const pathBytes = (pathEnd === -1 ? datagram.byteLength : pathEnd) - 2;
  if (pathBytes > maxPathBytes) {
    throw new WireError(`file name of ${pathBytes} bytes; the longest that is served has ${maxPathBytes}`);
  }
  if (datagram.byteLength > maxRequestBytes) {
    throw new WireError(`TFTP request of ${datagram.byteLength} bytes; the longest has ${maxRequestBytes}`);
  }
  const [path = '', mode, ...options] = textsFrom(datagram, 2);
  if (path === '') throw new WireError('TFTP request without a file name');
  if (mode === undefined) throw new WireError('TFTP request without a mode');
  return { kind, path, mode: mode.toLowerCase(), options: decodeOptions(options) };
}

/** The strings from `start` on; each ends with a NUL byte. */
function textsFrom(datagram: Uint8Array, start: number): string[] {
  if (datagram.at(-1) !== 0) throw new WireError('TFTP string without its NUL byte');
  return Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
    .toString('latin1', start, datagram.byteLength - 1)
    .split('\0');
}

function decodeOptions(texts: readonly string[]): ReadonlyMap<string, string> {
  if (texts.length % 2 !== 0) throw new WireError(`TFTP option "${texts.at(-1)}" has no value`);
  const options = new Map<string, string>();
  for (let at = 0; at < texts.length; at += 2) {
    const name = (texts[at] ?? '').toLowerCase();
    if (!options.has(name)) options.set(name, texts[at + 1] ?? '');
  }
  return options;
}

/** Some clients leave the NUL byte out, some the whole text. */
function decodeMessage(datagram: Uint8Array): string {
  const end = datagram.indexOf(0, dataHeaderBytes);
  return printable(Buffer.from(datagram.subarray(dataHeaderBytes, end === -1 ? undefined : end)).toString('latin1'));
}

function encodeOptions(options: ReadonlyMap<string, string>): Buffer[] {
  return [...options].flatMap(([name, value]) => [text(name), text(value)]);
}

function text(value: string): Buffer {
  // oxlint-disable-next-line no-control-regex -- the range is that of a byte
  if (value.includes('\0') || /[^\u0000-\u00ff]/.test(value)) throw new WireError(`"${value}" cannot be a TFTP string`);
  return Buffer.from(`${value}\0`, 'latin1');
}

/** RFC 1350 §5: an error's text is for people, in netascii. */
function printable(message: string): string {
  return message.slice(0, maxMessageBytes).replaceAll(/[^\u0020-\u007e]/g, '?');
}

function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function uint16(value: number): Buffer {
  return Buffer.from([(value >> 8) & 0xff, value & 0xff]);
}
