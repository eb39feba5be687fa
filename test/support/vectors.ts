/** Reads packets of real boards: test/vectors/<board>-<firmware date>.hex, a line of origin, then `name: hex` lines. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Vectors {
  readonly origin: string;
  /** @throws when the file has no packet of that name. */
  readonly packet: (name: string) => Uint8Array;
  readonly names: readonly string[];
}

export function readVectors(board: string): Vectors {
  const file = path.resolve(import.meta.dirname, '../vectors', `${board}.hex`);
  const [origin = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const packets = new Map(lines.map((line) => [line.split(':')[0] ?? '', line.split(': ')[1] ?? '']));
  return {
    origin,
    names: [...packets.keys()],
    packet: (name) => {
      const hex = packets.get(name);
      if (hex === undefined) throw new Error(`${file} has no packet "${name}"`);
      return bytes(hex);
    },
  };
}

/** Hex digits, spaces between them allowed. */
export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}
