/** Options that do not fit: they go on in the fields of file and server name (option 52), and the last ones are left out. */
import { layout, type DhcpPacket } from './dhcp.ts';
import { option } from './dhcp-options.ts';

export const maxPieceBytes = 255;

type Option = readonly [code: number, value: Uint8Array];

export interface PackedOptions {
  /** Of the options field itself. */
  readonly options: readonly Option[];
  readonly file: readonly Option[];
  readonly sname: readonly Option[];
}

/** @returns bytes of the option with its codes and lengths, however many pieces it comes in */
export function sizeOfOption(value: Uint8Array): number {
  return value.byteLength + 2 * Math.max(1, Math.ceil(value.byteLength / maxPieceBytes));
}

interface Limits {
  readonly maxBytes: number;
  readonly mayOverload: boolean;
}

interface Field {
  readonly options: Option[];
  free: number;
}

/** @param ordered the more important an option is, the earlier; the message type first, a relay's option last */
export function packOptions(ordered: readonly Option[], packet: DhcpPacket, limits: Limits): PackedOptions {
  const relay = ordered.filter(([code]) => code === option.relayInfo);
  const rest = ordered.filter(([code]) => code !== option.relayInfo);
  const relayBytes = relay.reduce((sum, [, value]) => sum + sizeOfOption(value), 0);
  const overloadBytes = limits.mayOverload ? 3 : 0;
  const main: Field = { options: [], free: limits.maxBytes - layout.options - relayBytes - overloadBytes - 1 };
  const file: Field = { options: [], free: limits.mayOverload && packet.file === '' ? layout.file.size - 1 : 0 };
  const sname: Field = { options: [], free: limits.mayOverload && packet.sname === '' ? layout.sname.size - 1 : 0 };
  for (const entry of rest) placeOption(entry, [main, file, sname]);
  const bits = (file.options.length > 0 ? 1 : 0) + (sname.options.length > 0 ? 2 : 0);
  const overload: Option[] = bits === 0 ? [] : [[option.overload, Uint8Array.of(bits)]];
  const [type, ...others] = main.options;
  const head = type === undefined ? [] : [type];
  return { options: [...head, ...overload, ...others, ...relay], file: file.options, sname: sname.options };
}

/** In one piece where one field has room, else in pieces over the fields in the order in which they are read: RFC 3396 §5. */
function placeOption([code, value]: Option, fields: readonly Field[]): void {
  const whole = fields.find(({ free }) => free >= sizeOfOption(value));
  if (whole !== undefined) return put(whole, code, value);
  const room = fields.reduce((sum, { free }) => sum + roomIn(free), 0);
  if (room < value.byteLength) return;
  let from = 0;
  for (const field of fields) {
    const length = Math.min(roomIn(field.free), value.byteLength - from);
    if (length === 0) continue;
    put(field, code, value.subarray(from, from + length));
    from += length;
  }
}

function put(field: Field, code: number, value: Uint8Array): void {
  field.options.push([code, value]);
  field.free -= sizeOfOption(value);
}

/** Bytes of a value that fit with their codes and lengths. */
function roomIn(free: number): number {
  const pieces = Math.ceil(free / (maxPieceBytes + 2));
  return Math.max(0, free - 2 * pieces);
}
