/** Options that do not fit: where they go, what is left out, and that a reader finds them again. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { ask } from '../support/dhcp-client.ts';

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);
const limits = { maxBytes: 548, mayOverload: true };

function encode(options: readonly (readonly [number, Uint8Array])[], more: object = {}): Uint8Array {
  return encodeDhcp({ ...ask('discover'), op: 'reply', options: new Map(options), ...more }, limits);
}

/** Codes in the order in which they stand in a field. */
function codes(wire: Uint8Array, start: number, end: number): number[] {
  const found: number[] = [];
  for (let at = start; at < end && wire[at] !== 255; at += 2 + (wire[at + 1] ?? 0)) found.push(wire[at] ?? 0);
  return found;
}

const type = [53, filled(1, 2)] as const;
const agent = [82, filled(20, 8)] as const;

describe('options that', () => {
  test('fit exactly stand in their own field', () => {
    const wire = encode([type, [43, filled(248, 7)], agent, [12, filled(30, 6)]]);

    expect(wire.byteLength).toBe(548);
    expect(codes(wire, 240, 548)).toEqual([53, 43, 12, 82]);
  });

  test('are a byte too long go on in the field of the file, the relay’s last in their own', () => {
    const wire = encode([type, [43, filled(248, 7)], [12, filled(31, 6)], agent]);

    expect(codes(wire, 240, wire.byteLength)).toEqual([53, 52, 43, 82]);
    expect(codes(wire, 108, 236)).toEqual([12]);
    expect(wire.byteLength).toBeLessThanOrEqual(548);
    expect(decodeDhcp(wire).options).toEqual(new Map([type, [43, filled(248, 7)], agent, [12, filled(31, 6)]]));
  });

  test('have no field with room for all of them are cut, and are whole again when read in order', () => {
    const long = Uint8Array.from({ length: 400 }, (_, at) => at & 255);

    const wire = encode([type, [43, long], agent]);

    expect(decodeDhcp(wire).options.get(43)).toEqual(long);
  });

  test('fit nowhere are left out, the last ones first, and never the relay’s', () => {
    const wire = encode([
      type,
      [43, filled(250, 7)],
      [60, filled(120, 1)],
      [61, filled(200, 2)],
      [97, filled(17, 3)],
      agent,
    ]);

    expect([...decodeDhcp(wire).options.keys()].toSorted((one, other) => one - other)).toEqual([43, 53, 60, 82, 97]);
  });

  test('a client that knows no overload misses are left out', () => {
    const packet = {
      ...ask('discover'),
      options: new Map([type, [43, filled(250, 7)], [61, filled(100, 2)]] as const),
    };

    const wire = encodeDhcp(packet, { maxBytes: 548, mayOverload: false });

    expect([...decodeDhcp(wire).options.keys()]).toEqual([53, 43]);
    expect(codes(wire, 108, 236)).toEqual([0, ...Array.from({ length: 63 }, () => 0)]);
  });

  test('do not take the place of a file name', () => {
    const wire = encode([type, [43, filled(250, 7)], [61, filled(150, 2)]], { file: 'boot.efi' });

    expect(decodeDhcp(wire)).toMatchObject({ file: 'boot.efi' });
    expect(decodeDhcp(wire).options.has(61)).toBe(false);
  });
});

test('whatever the options are, the message keeps its size, and what is in it is as it was', () => {
  const anyOption = fc.tuple(
    fc.integer({ min: 60, max: 254 }).filter((code) => code !== 82),
    fc.uint8Array({ maxLength: 300, size: 'max' }),
  );
  fc.assert(
    fc.property(fc.array(anyOption, { maxLength: 10 }), fc.integer({ min: 548, max: 1472 }), (list, maxBytes) => {
      const options = new Map([type, ...list, agent]);
      const wire = encodeDhcp({ ...ask('discover'), options }, { maxBytes, mayOverload: true });
      expect(wire.byteLength).toBeLessThanOrEqual(maxBytes);
      const read = decodeDhcp(wire).options;
      for (const [code, value] of read) expect(value).toEqual(options.get(code));
      expect(read.has(53) && read.has(82)).toBe(true);
    }),
  );
});
