/** Netascii, whole and cut into pieces wherever a border may fall. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { NetasciiCounter, toNetascii } from '../../src/wire/tftp-netascii.ts';

describe('RFC 764', () => {
  test.each([
    ['', ''],
    ['text', 'text'],
    ['a\nb', 'a\r\nb'],
    ['a\rb', 'a\r\0b'],
    ['a\r\nb', 'a\r\0\r\nb'],
    ['\n\n', '\r\n\r\n'],
    ['\0', '\0'],
  ])('%j becomes %j', (plain, expected) => {
    expect(Buffer.from(toNetascii(Buffer.from(plain, 'latin1'))).toString('latin1')).toBe(expected);
  });
});

/** Bytes in which every second one is changed by the translation. */
const texts = fc
  .array(fc.constantFrom(0x0a, 0x0d, 0x41, 0x00), { maxLength: 200 })
  .map((bytes) => Uint8Array.from(bytes));

test('pieces are the whole, cut', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 }), (plain, pieceBytes, step) => {
      const counter = new NetasciiCounter(pieceBytes);
      for (let at = 0; at < plain.byteLength; at += step) counter.add(plain.subarray(at, at + step));
      const { sizeBytes, pieces } = counter.index();
      const whole = Buffer.from(toNetascii(plain));

      expect(sizeBytes).toBe(whole.byteLength);
      expect(pieces).toHaveLength(Math.floor(sizeBytes / pieceBytes) + 1);
      for (const [index, { source, dropBytes }] of pieces.entries()) {
        const from = plain.subarray(source, source + pieceBytes);
        const piece = toNetascii(from, dropBytes, pieceBytes);
        expect(Buffer.from(piece)).toEqual(whole.subarray(index * pieceBytes, (index + 1) * pieceBytes));
      }
    }),
    { numRuns: 1000 },
  );
});
