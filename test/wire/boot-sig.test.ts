import { generateKeyPairSync, sign } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { decodeBootSig, encodeBootSig } from '../../src/wire/boot-sig.ts';

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const sha256 = 'ab'.repeat(32);

describe('boot.sig', () => {
  test('has the lines of rpi-eeprom-digest, in their order', () => {
    expect(encodeBootSig({ sha256, timestampSeconds: 1734010524, rsa2048: 'cd'.repeat(256) })).toBe(
      `${sha256}\nts: 1734010524\nrsa2048: ${'cd'.repeat(256)}\n`,
    );
  });

  test('without a key is digest and time', () => {
    expect(encodeBootSig({ sha256, timestampSeconds: 1, rsa2048: undefined })).toBe(`${sha256}\nts: 1\n`);
  });

  test('passes over lines that an update of the loader has', () => {
    const text = `${sha256}\nts: 1734010524\ntarget-soc: 2712\nrsa2048: ${'cd'.repeat(256)}\n`;

    expect(decodeBootSig(text)).toEqual({ sha256, timestampSeconds: 1734010524, rsa2048: 'cd'.repeat(256) });
  });

  test('comes back as it was', () => {
    const any = fc.record({
      sha256: hex(64),
      timestampSeconds: fc.nat(),
      rsa2048: fc.option(hex(512), { nil: undefined }),
    });
    fc.assert(
      fc.property(any, (sig) => {
        expect(decodeBootSig(encodeBootSig(sig))).toEqual(sig);
      }),
    );
  });

  test('holds an RSA-2048 signature of any key whole', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rsa2048 = sign('sha256', Buffer.from('boot.img'), privateKey).toString('hex');

    expect(decodeBootSig(encodeBootSig({ sha256, timestampSeconds: 1, rsa2048 })).rsa2048).toBe(rsa2048);
  });

  test.each([
    ['', 'does not begin with a SHA-256 digest'],
    [`${sha256.toUpperCase()}\nts: 1\n`, 'does not begin with a SHA-256 digest'],
    [`${sha256}\n`, 'has no time'],
    [`${sha256}\nts: soon\n`, 'has no time'],
    [`${sha256}\nts: 1\nrsa2048: ${'c'.repeat(510)}\n`, 'is not 512 hex digits'],
  ])('%j is refused', (text, reason) => {
    expect(() => decodeBootSig(text)).toThrow(reason);
  });

  test('whatever is read ends in a value or in one kind of error', () => {
    const near = fc.array(fc.oneof(fc.string(), hex(64), fc.constant('ts: 1'), fc.constant('rsa2048: ')));
    fc.assert(
      fc.property(near, (lines) => {
        try {
          decodeBootSig(lines.join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});
