import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { decodeEeprom, replaceEepromConfig } from '../../src/wire/eeprom-config.ts';
import { builtAtSeconds, eepromImage, networkConfig } from '../support/eeprom-image.ts';

const layouts = ['nothing', 'padding', 'file'] as const;

test.each(['2711', '2712'] as const)('an image of a %s says what it is', (chip) => {
  expect(decodeEeprom(eepromImage({ chip }))).toEqual({
    chip,
    builtAtSeconds,
    version: '0a7ef05f',
    config: networkConfig,
  });
});

describe('another bootconf.txt', () => {
  const configs = fc.string({ unit: fc.constantFrom('A', 'B', '=', '0', 'x', '[', ']', '\n', '#'), maxLength: 3000 });

  test.each(['nothing', 'padding'] as const)('is read back, and nothing else changes (behind it: %s)', (after) => {
    const property = fc.property(configs, configs, (one, two) => {
      const image = eepromImage({ config: one, after });
      const replaced = replaceEepromConfig(image, two);
      expect(decodeEeprom(replaced).config).toBe(two);
      const start = image.indexOf('bootconf.txt') - 8;
      expect(Buffer.compare(replaced.subarray(0, start), image.subarray(0, start))).toBe(0);
      expect(Buffer.compare(replaceEepromConfig(replaced, one), replaceEepromConfig(image, one))).toBe(0);
    });
    fc.assert(property, { numRuns: 30 });
  });

  test('does not run into what stands behind it', () => {
    const image = eepromImage({ after: 'file' });
    expect(() => replaceEepromConfig(image, 'x'.repeat(200))).toThrow(
      /has 200 bytes, and this EEPROM image has room for/,
    );
    expect(decodeEeprom(replaceEepromConfig(image, '[all]')).config).toBe('[all]');
  });

  test('has 4076 bytes at most', () => {
    expect(decodeEeprom(replaceEepromConfig(eepromImage(), 'x'.repeat(4076))).config).toHaveLength(4076);
    expect(() => replaceEepromConfig(eepromImage(), 'x'.repeat(4077))).toThrow('room for 4076');
  });

  test('is refused where the old one is signed', () => {
    const image = eepromImage({ signature: Buffer.alloc(1024, 7) });
    expect(() => replaceEepromConfig(image, '[all]')).toThrow('signed');
  });
});

describe('what is no image', () => {
  test.each([
    [
      'of another size',
      Buffer.alloc(1000),
      'an EEPROM image has 524288 bytes (Pi 4) or 2097152 (Pi 5), and this has 1000',
    ],
    ['empty flash', Buffer.alloc(512 * 1024, 0xff), 'does not say when it was built'],
    ['noise', Buffer.alloc(512 * 1024, 0x42), 'no section at byte 0'],
  ])('%s', (_name, bytes, reason) => {
    expect(() => decodeEeprom(bytes)).toThrow(reason);
  });

  test('bytes that were spoiled are read or refused, never more', () => {
    const property = fc.property(fc.constantFrom(...layouts), fc.nat(60_000), fc.nat(255), (after, place, byte) => {
      const image = eepromImage({ after });
      image[place] = byte;
      try {
        replaceEepromConfig(image, decodeEeprom(image).config);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});
