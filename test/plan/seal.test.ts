import { expect, test } from 'vitest';

import { matchesGlob, sealRules } from '../../src/plan/seal.ts';
import { maskRules } from '../../src/plan/seal-units.ts';

test.each([
  ['etc/ssh/ssh_host_rsa_key', 'etc/ssh/ssh_host_*', true],
  ['etc/ssh/ssh_host_rsa_key.pub', 'etc/ssh/ssh_host_*', true],
  ['etc/ssh/sshd_config', 'etc/ssh/ssh_host_*', false],
  ['etc/ssh/ssh_host_d/x', 'etc/ssh/ssh_host_*', false],
  ['var/cache/debconf/config.dat-old', 'var/cache/debconf/*-old', true],
  ['boot/vmlinuz-7.2.12+deb13-arm64', 'boot/vmlinuz-*', true],
  ['etcXpasswd-', 'etc.passwd-', false],
])('%s against %s', (path, glob, expected) => {
  expect(matchesGlob(path, glob)).toBe(expected);
});

test('every rule has an id of its own and says why', () => {
  const ids = sealRules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(sealRules.filter(({ why }) => why.length < 10)).toEqual([]);
});

test('no unit is masked twice, and time synchronisation never', () => {
  const units = maskRules.flatMap((rule) => rule.units);
  expect(new Set(units).size).toBe(units.length);
  expect(units).not.toContain('systemd-timesyncd.service');
});

test('rules name places inside the root, and a glob only in its last part', () => {
  const globs = sealRules.flatMap(({ action }) => (action.kind === 'remove' ? action.globs : []));
  expect(globs.filter((glob) => glob.startsWith('/') || glob.includes('..') || /\*.*\//.test(glob))).toEqual([]);
});
