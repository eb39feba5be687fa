import { expect, test } from 'vitest';

import { keepableRules, requiredRules } from '../../src/model/diskless.ts';
import { matchesGlob, type SealAction } from '../../src/plan/seal-rule.ts';
import { whatItDoes } from '../../src/plan/seal-words.ts';
import { isKeepable, sealRules } from '../../src/plan/seal.ts';

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

test('the rules are those that image.yaml and manifests know by name, each once', () => {
  const ids = sealRules.map(({ id }) => id);
  expect(ids.toSorted()).toEqual([...requiredRules, ...keepableRules].toSorted());
  expect(ids.filter(isKeepable).toSorted()).toEqual(keepableRules.toSorted());
});

test('every rule says why, how it is undone and who put it there', () => {
  const short = sealRules.filter(({ why, undo, from }) => why.length < 10 || undo.length < 10 || from === '');
  expect(short).toEqual([]);
  // They end up in a table, in front of other words.
  expect(sealRules.filter(({ why }) => why.endsWith('.') || /^[A-Z][a-z]/.test(why))).toEqual([]);
});

const actionsOf = <K extends SealAction['kind']>(kind: K) =>
  sealRules
    .flatMap(({ actions }) => actions)
    .filter((action): action is Extract<SealAction, { kind: K }> => action.kind === kind);

test('no unit is masked twice, and what nodes need never', () => {
  const units = actionsOf('mask').flatMap((action) => action.units);
  expect(new Set(units).size).toBe(units.length);
  const needed = new Set([
    'systemd-timesyncd.service',
    'ssh.service',
    'systemd-networkd.service',
    'NetworkManager.service',
    'logrotate.timer',
  ]);
  expect(units.filter((unit) => needed.has(unit))).toEqual([]);
});

test('rules name places inside the root, and a glob only in its last part', () => {
  const globs = [
    ...sealRules.flatMap(({ when }) => when ?? []),
    ...[...actionsOf('remove'), ...actionsOf('comment'), ...actionsOf('drop-in')].flatMap((action) => action.globs),
  ];
  expect(globs.filter((glob) => glob.startsWith('/') || glob.includes('..') || /\*.*\//.test(glob))).toEqual([]);
});

test('what is done, in its order', () => {
  const lines = sealRules.map((rule) => `${rule.id} (${rule.fault}): ${whatItDoes(rule).join('; ')}`);
  expect(lines.join('\n')).toMatchSnapshot();
});
