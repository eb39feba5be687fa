import { expect, test } from 'vitest';

import type { IndexEntry } from '../../src/model/tree-index.ts';
import { diffImages, isSame, type ImageSide } from '../../src/plan/image-diff.ts';
import { explainPath } from '../../src/plan/image-why.ts';
import { compareWithIndex } from '../../src/plan/verify-tree.ts';
import { indexFile } from '../support/index-file.ts';
import { sampleManifest } from '../support/sample-view.ts';

const attributes = { mode: 0o644, uid: 0, gid: 0, time: 1 };
const link = (path: string, target: string): IndexEntry => ({ kind: 'link', path, ...attributes, mode: 0o777, target });

const side = (entries: IndexEntry[], manifest = {}): ImageSide => ({
  manifest: sampleManifest(manifest),
  index: { format: 1, entries },
});

test('files: content, mode, owner, kind, attributes; a time alone is nothing', () => {
  const before = [
    indexFile('a'),
    indexFile('b'),
    indexFile('c'),
    indexFile('d'),
    indexFile('e'),
    indexFile('gone'),
    link('l', 'x'),
  ];
  const after = [
    indexFile('a', { sha256: 'b'.repeat(64) }),
    indexFile('b', { mode: 0o4755, uid: 5 }),
    link('c', 'elsewhere'),
    indexFile('d', { time: 99 }),
    indexFile('e', { xattrs: { 'user.x': '00' } }),
    link('l', 'y'),
    indexFile('new'),
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
    indexFile(`${units}/a.service`),
    indexFile(`${units}/b.service`),
    link('etc/systemd/system/multi-user.target.wants/a.service', '/x'),
  ];
  const after = [
    indexFile(`${units}/a.service`),
    indexFile(`${units}/b.service`),
    link('etc/systemd/system/b.service', '/dev/null'),
    indexFile(`${units}/c.timer`),
  ];

  expect(diffImages(side(before), side(after)).units).toEqual({
    added: ['c.timer installed'],
    removed: [],
    changed: ['a.service is no longer enabled by multi-user.target', 'b.service is now masked'],
  });
});

test('a version is the same as itself; without an index only the manifest is compared', () => {
  expect(isSame(diffImages(side([indexFile('a')]), side([indexFile('a')])))).toBe(true);
  expect(isSame(diffImages(side([indexFile('a')]), { ...side([]), index: undefined }))).toBe(true);
});

test('a path is explained by its layer and package, or by the rule that took it away', () => {
  const manifest = sampleManifest({
    layers: [{ name: 'cluster', kind: 'layer', key: 'c'.repeat(64) }],
    packages: [{ name: 'slurmd', version: '24.11', architecture: 'arm64' }],
  });
  const index = { format: 1, entries: [indexFile('usr/sbin/slurmd', { layer: 0 }), indexFile('etc/fstab')] } as const;
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
  [[indexFile('a'), indexFile('b')], '/b does not belong there'],
  [[indexFile('a', { sha256: 'f'.repeat(64) })], '/a has another content'],
  [[indexFile('a', { mode: 0o600 })], '/a has the mode 0600 and had 0644'],
  [[indexFile('a', { gid: 7 })], '/a belongs to 0:7 and did to 0:0'],
  [[indexFile('a', { time: 2 })], '/a has another time'],
  [[indexFile('a', { xattrs: { x: '00' } })], '/a has other extended attributes'],
  [[link('a', 'b')], '/a is a link and was a file'],
])('a tree that differs is told: %#', (found, sentence) => {
  expect(compareWithIndex([indexFile('a')], found)).toEqual([sentence]);
});

test('the layer and the number of a file do not count', () => {
  expect(compareWithIndex([indexFile('a', { layer: 1, group: 3 })], [indexFile('a')])).toEqual([]);
});
