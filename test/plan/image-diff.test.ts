import { expect, test } from 'vitest';

import type { IndexEntry } from '../../src/model/tree-index.ts';
import { diffImages, isSame, type ImageSide } from '../../src/plan/image-diff.ts';
import { explainPath } from '../../src/plan/image-why.ts';
import { compareWithIndex } from '../../src/plan/verify-tree.ts';
import { sampleManifest } from '../support/sample-view.ts';

const attributes = { mode: 0o644, uid: 0, gid: 0, time: 1 };
const file = (path: string, changes: Partial<Extract<IndexEntry, { kind: 'file' }>> = {}): IndexEntry => ({
  kind: 'file',
  path,
  ...attributes,
  bytes: 1,
  sha256: 'a'.repeat(64),
  ...changes,
});
const link = (path: string, target: string): IndexEntry => ({ kind: 'link', path, ...attributes, mode: 0o777, target });

const side = (entries: IndexEntry[], manifest = {}): ImageSide => ({
  manifest: sampleManifest(manifest),
  index: { format: 1, entries },
});

test('files: content, mode, owner, kind, attributes; a time alone is nothing', () => {
  const before = [file('a'), file('b'), file('c'), file('d'), file('e'), file('gone'), link('l', 'x')];
  const after = [
    file('a', { sha256: 'b'.repeat(64) }),
    file('b', { mode: 0o4755, uid: 5 }),
    link('c', 'elsewhere'),
    file('d', { time: 99 }),
    file('e', { xattrs: { 'user.x': '00' } }),
    link('l', 'y'),
    file('new'),
  ];

  const { files, privileges } = diffImages(side(before), side(after));

  expect(files).toEqual({
    added: ['/new'],
    removed: ['/gone'],
    changed: [
      '/a content',
      '/b mode 0644 -> 4755, owner 0:0 -> 5:0',
      '/c file -> link',
      '/e extended attributes',
      '/l x -> y',
    ],
  });
  expect(privileges).toEqual({ added: ['/b 4755 5:0'], removed: [], changed: [] });
});

test('packages, numbers of users and boot files come from the manifest', () => {
  const kernel = (sha: string) => ({ 'kernel8.img': { sha256: sha.repeat(64), sizeBytes: 9 } });
  const packages = (version: string) => [{ name: 'slurmd', version, architecture: 'arm64' }];
  const one = { packages: packages('1'), users: { munge: 100 }, groups: {}, bootFiles: kernel('a') };
  const other = {
    packages: [...packages('2'), { name: 'htop', version: '3', architecture: 'arm64' }],
    users: { munge: 101, slurm: 64 },
    groups: {},
    bootFiles: kernel('b'),
  };

  const diff = diffImages(side([], one), side([], other));

  expect(diff.packages).toEqual({ added: ['htop 3'], removed: [], changed: ['slurmd 1 -> 2'] });
  expect(diff.users).toEqual({ added: ['slurm 64'], removed: [], changed: ['munge 100 -> 101'] });
  expect(diff.bootFiles.changed).toEqual(['kernel8.img 9 bytes aaaaaaaaaaaa -> 9 bytes bbbbbbbbbbbb']);
});

test('units: installed, enabled, masked', () => {
  const units = 'usr/lib/systemd/system';
  const before = [
    file(`${units}/a.service`),
    file(`${units}/b.service`),
    link('etc/systemd/system/multi-user.target.wants/a.service', '/x'),
  ];
  const after = [
    file(`${units}/a.service`),
    file(`${units}/b.service`),
    link('etc/systemd/system/b.service', '/dev/null'),
    file(`${units}/c.timer`),
  ];

  expect(diffImages(side(before), side(after)).units).toEqual({
    added: ['c.timer installed'],
    removed: [],
    changed: ['a.service is no longer enabled by multi-user.target', 'b.service is now masked'],
  });
});

test('a version is the same as itself; without an index only the manifest is compared', () => {
  expect(isSame(diffImages(side([file('a')]), side([file('a')])))).toBe(true);
  expect(isSame(diffImages(side([file('a')]), { ...side([]), index: undefined }))).toBe(true);
});

test('a path is explained by its layer and package, or by the rule that took it away', () => {
  const manifest = sampleManifest({
    layers: [{ name: 'cluster', kind: 'layer', key: 'c'.repeat(64) }],
    packages: [{ name: 'slurmd', version: '24.11', architecture: 'arm64' }],
  });
  const index = { format: 1, entries: [file('usr/sbin/slurmd', { layer: 0 }), file('etc/fstab')] } as const;
  const why = (path: string, owners: string[] = []) =>
    explainPath(path, { manifest, index: { ...index, entries: [...index.entries] }, owners });

  expect(why('usr/sbin/slurmd', ['slurmd'])).toMatchObject({
    layer: { name: 'cluster' },
    packages: ['slurmd 24.11'],
    sealed: undefined,
  });
  expect(why('etc/fstab')).toMatchObject({ layer: undefined, sealed: { rule: 'fstab' } });
  expect(why('etc/hostname')).toMatchObject({ entry: undefined, sealed: { rule: 'host-name' } });
  expect(why('var/cache/apt/pkgcache.bin')).toMatchObject({ sealed: { rule: 'caches' } });
  expect(why('opt/nothing')).toMatchObject({ entry: undefined, sealed: undefined });
});

test.each<[IndexEntry[], string]>([
  [[], '/a is missing'],
  [[file('a'), file('b')], '/b does not belong there'],
  [[file('a', { sha256: 'f'.repeat(64) })], '/a has another content'],
  [[file('a', { mode: 0o600 })], '/a has the mode 0600 and had 0644'],
  [[file('a', { gid: 7 })], '/a belongs to 0:7 and did to 0:0'],
  [[file('a', { time: 2 })], '/a has another time'],
  [[file('a', { xattrs: { x: '00' } })], '/a has other extended attributes'],
  [[link('a', 'b')], '/a is a link and was a file'],
])('a tree that differs is told: %#', (found, sentence) => {
  expect(compareWithIndex([file('a')], found)).toEqual([sentence]);
});

test('the layer and the number of a file do not count', () => {
  expect(compareWithIndex([file('a', { layer: 1, group: 3 })], [file('a')])).toEqual([]);
});
