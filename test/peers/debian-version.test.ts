/** Versions are ordered as dpkg orders them. */
import { spawnSync } from 'node:child_process';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { compareDebianVersions } from '../../src/plan/debian-version.ts';
import { debianVersion } from '../support/debian-versions.ts';

const isSo = (a: string, relation: 'lt' | 'eq', b: string) =>
  spawnSync('dpkg', ['--compare-versions', a, relation, b]).status === 0;

function byDpkg(a: string, b: string): number {
  if (isSo(a, 'eq', b)) return 0;
  return isSo(a, 'lt', b) ? -1 : 1;
}

test('as dpkg --compare-versions', () => {
  fc.assert(
    fc.property(debianVersion, debianVersion, (a, b) => {
      expect(Math.sign(compareDebianVersions(a, b))).toBe(byDpkg(a, b));
    }),
    { numRuns: 100 },
  );
});

test('also where versions differ in one place only', () => {
  const change = fc.constantFrom('', '~', '+', 'a', '0', '.', '~~', '+b1', '-1', '-0');
  fc.assert(
    fc.property(debianVersion, change, change, (version, one, other) => {
      const [a, b] = [`${version}${one}`, `${version}${other}`];
      expect(Math.sign(compareDebianVersions(a, b))).toBe(byDpkg(a, b));
    }),
    { numRuns: 100 },
  );
});
