import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { findBehind, parseAvailable, securitySources } from '../../src/plan/audit.ts';
import { compareDebianVersions } from '../../src/plan/debian-version.ts';
import { debianVersion } from '../support/debian-versions.ts';

test.each([
  ['1.0~rc1-1', '1.0-1'],
  ['1.0-1', '1.0-1+b1'],
  ['1.0-1~deb13u1', '1.0-1'],
  ['3.5.1-1', '3.5.1-1+deb13u1'],
  ['3.5.1-1+deb13u2', '3.5.1-1+deb13u10'],
  ['9.9-9', '1:0.1-1'],
  ['1.9', '1.10'],
  ['1.0', '1.0-1'],
  ['1.0a', '1.0+'],
  ['1.0-1', '1.0-1-1'],
  ['20250101123456789012345678', '20250101123456789012345679'],
])('%s is older than %s', (older, newer) => {
  expect(compareDebianVersions(older, newer)).toBeLessThan(0);
  expect(compareDebianVersions(newer, older)).toBeGreaterThan(0);
});

test.each([
  ['1.0', '1.0-0'],
  ['0:1', '1'],
  ['1.01', '1.1'],
  ['1.0', '1.00'],
])('%s is the same as %s', (one, other) => {
  expect(compareDebianVersions(one, other)).toBe(0);
});

test('it is an order', () => {
  fc.assert(
    fc.property(debianVersion, debianVersion, debianVersion, (a, b, c) => {
      expect(Math.sign(compareDebianVersions(a, b))).toBe(-Math.sign(compareDebianVersions(b, a)) || 0);
      if (compareDebianVersions(a, b) <= 0 && compareDebianVersions(b, c) <= 0) {
        expect(compareDebianVersions(a, c)).toBeLessThanOrEqual(0);
      }
    }),
  );
});

test('names what is older than the newest that is offered', () => {
  const offered = parseAvailable(
    'Package: openssl\nVersion: 3.5.1-1+deb13u2\nDescription: x\n Version: 9\n\nPackage: openssl\nVersion: 3.5.1-1+deb13u1\n\n' +
      'Package: xz\nVersion: 5.8-1\n\nPackage: other\nVersion: 9\n',
  );
  const at = (name: string, version: string) => ({ name, version, architecture: 'arm64' });

  expect(findBehind([at('xz', '5.8-1'), at('openssl', '3.5.1-1+deb13u1'), at('mine', '1')], offered)).toEqual([
    { name: 'openssl', architecture: 'arm64', installed: '3.5.1-1+deb13u1', fixed: '3.5.1-1+deb13u2' },
  ]);
  expect(findBehind([at('openssl', '3.6-1')], offered)).toEqual([]);
});

test('asks the security suites of the lock alone', () => {
  const source = { source: 'debian' as const, uri: 'http://x/debian', components: ['main'], keyring: '/key' };
  expect(
    securitySources([
      { ...source, suites: ['trixie', 'trixie-updates'] },
      { ...source, uri: 'http://x/security', suites: ['trixie-security', 'trixie'] },
    ]),
  ).toEqual([{ ...source, uri: 'http://x/security', suites: ['trixie-security'] }]);
});
