import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import type { IndexEntry } from '../../src/model/tree-index.ts';
import { planKeptChanges, renderProgram } from '../../src/plan/kept-changes.ts';
import { layerContent } from '../../src/plan/layer-content.ts';

const file = (name: string, more: Partial<Extract<IndexEntry, { kind: 'file' }>> = {}): IndexEntry => ({
  kind: 'file',
  path: name,
  mode: 0o644,
  uid: 0,
  gid: 0,
  time: 1,
  bytes: 1,
  sha256: '0'.repeat(64),
  ...more,
});
const folder = (name: string): IndexEntry => ({ kind: 'folder', path: name, mode: 0o755, uid: 0, gid: 0, time: 1 });
const index = (entries: IndexEntry[], whiteouts: string[] = [], opaque: string[] = []) => ({
  format: 1 as const,
  entries,
  whiteouts,
  opaque,
});

test('files and links are kept, and what was removed is removed again', () => {
  const link: IndexEntry = { ...folder('etc/alias'), kind: 'link', target: 'motd' };
  const changes = planKeptChanges(index([folder('etc'), file('etc/motd'), link], ['usr/share/doc'], ['opt/old']));
  expect(changes).toEqual({ copies: ['etc/motd', 'etc/alias'], removes: ['opt/old', 'usr/share/doc'], cannot: [] });
});

test('what every image loses anyway is not kept, nor traces of the shell', () => {
  const paths = [
    'etc/resolv.conf',
    'var/log/dpkg.log',
    'tmp/x',
    'root/.bash_history',
    'usr/sbin/policy-rc.d',
    'var/cache/x',
  ];
  expect(
    planKeptChanges(
      index(
        paths.map((name) => file(name)),
        ['etc/hostname'],
      ),
    ),
  ).toEqual({
    copies: [],
    removes: [],
    cannot: [],
  });
});

test.each([
  [file('var/lib/dpkg/status'), /packages belong under packages:/],
  [file('etc/shadow', { mode: 0o640, gid: 42 }), /accounts belong under users:/],
  [file('etc/secret', { mode: 0o600 }), /\/etc\/secret has the mode 600, which git does not keep/],
  [file('srv/data', { uid: 1000 }), /\/srv\/data is not root's/],
])('a folder in git cannot say everything: %o', (entry, sentence) => {
  expect(planKeptChanges(index([entry])).cannot).toEqual([expect.stringMatching(sentence)]);
});

test('a program that is written says exactly what was typed', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'kept-'));
  const words = ["it's", 'a b', '$HOME', '`id`', '--x=y', '', '*'];
  const program = path.join(dir, 'again.sh');
  writeFileSync(program, renderProgram([['printf', '%s|', ...words]]));
  expect(execFileSync('sh', [program], { encoding: 'utf8' })).toBe(`${words.join('|')}|`);
  rmSync(dir, { recursive: true });
});

test('the digest of a layer sees content, owners and removals, but no times and nothing that is sealed', () => {
  const one = layerContent(index([file('etc/motd')]));
  expect(
    layerContent(
      index(
        [file('boot/initrd.img-6.12'), file('etc/motd', { time: 9, layer: 3 }), file('var/log/apt.log')],
        ['etc/hostname'],
      ),
    ),
  ).toBe(one);
  const others = [
    index([file('etc/motd', { sha256: '1'.repeat(64) })]),
    index([file('etc/motd', { uid: 1 })]),
    index([file('etc/motd', { xattrs: { 'security.capability': '01' } })]),
    index([file('etc/motd')], ['etc/issue']),
    index([file('etc/motd')], [], ['etc']),
    index([file('etc/motd'), file('boot/vmlinuz-6.12')]),
  ];
  expect(new Set([one, ...others.map(layerContent)]).size).toBe(others.length + 1);
});
