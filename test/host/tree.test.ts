import { lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  clampTimes,
  leadsToFolder,
  linkInTree,
  listFiles,
  markUpdated,
  readHead,
  writeTreeFile,
} from '../../src/host/tree.ts';

let root: string;
let outside: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'tree-'));
  outside = await mkdtemp(path.join(tmpdir(), 'tree-outside-'));
  for (const folder of ['usr/lib', 'etc', 'var']) await mkdir(path.join(root, folder), { recursive: true });
  await symlink('usr/lib', path.join(root, 'lib'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
  await rm(outside, { recursive: true });
});

test('files are listed by path, links are not followed', async () => {
  await writeFile(path.join(root, 'usr/lib/b'), 'b');
  await writeFile(path.join(root, 'usr/lib/a'), 'a');
  expect(await listFiles(root, ['usr', 'nothing'])).toEqual(['usr/lib/a', 'usr/lib/b']);
  expect(await listFiles(root, [''])).toEqual(['lib', 'usr/lib/a', 'usr/lib/b']);
});

test.each([
  ['usr/lib', true],
  ['/usr/lib', true],
  ['nothing', false],
  ['/usr/lib/b', false],
  ['usr/lib/b/below', false],
  ['circle', false],
  ['../..', false],
])('a link to %s leads to a folder of the tree: %s', async (target, expected) => {
  await writeFile(path.join(root, 'usr/lib/b'), 'b');
  await symlink('circle', path.join(root, 'circle'));
  expect(leadsToFolder(root, 'link', target)).toBe(expected);
});

test('a file is written through a link inside the tree', async () => {
  await writeTreeFile(root, 'lib/file', 'text', 0o444);
  expect(await readFile(path.join(root, 'usr/lib/file'), 'utf8')).toBe('text');
  expect((await stat(path.join(root, 'usr/lib/file'))).mode & 0o777).toBe(0o444);
});

test('a link that leads out of the tree is not followed', async () => {
  await symlink(outside, path.join(root, 'out'));
  await expect(writeTreeFile(root, 'out/file', 'text', 0o644)).rejects.toThrow(/leads out of it/);
  await expect(linkInTree(root, 'out/file', 'x')).rejects.toThrow(/leads out of it/);
  expect(await listFiles(outside, [''])).toEqual([]);
});

test('what is there is replaced, not written through', async () => {
  await writeFile(path.join(outside, 'secret'), 'secret');
  await symlink(path.join(outside, 'secret'), path.join(root, 'etc/machine-id'));

  await writeTreeFile(root, 'etc/machine-id', '', 0o444);

  expect(await readFile(path.join(outside, 'secret'), 'utf8')).toBe('secret');
  expect((await lstat(path.join(root, 'etc/machine-id'))).isFile()).toBe(true);
  await linkInTree(root, 'etc/machine-id', '/dev/null');
  expect(await readlink(path.join(root, 'etc/machine-id'))).toBe('/dev/null');
});

test('no time is later than the image, and systemd has nothing to update', async () => {
  const epoch = 1_700_000_000;
  await writeFile(path.join(root, 'etc/old'), '');
  await utimes(path.join(root, 'etc/old'), 1_600_000_000, 1_600_000_000);

  await clampTimes(root, epoch, new AbortController().signal);
  await markUpdated(root);

  const seconds = async (file: string) => (await lstat(path.join(root, file))).mtimeMs / 1000;
  const files = ['', 'lib', 'usr', 'etc', 'var', 'etc/.updated', 'var/.updated'];
  expect(await Promise.all(files.map(seconds))).toEqual(files.map(() => epoch));
  expect(await seconds('etc/old')).toBe(1_600_000_000);
});

test('only the beginning of a file is read', async () => {
  await writeFile(path.join(root, 'etc/long'), 'x'.repeat(10_000));
  expect(readHead(path.join(root, 'etc/long'), 4096)).toHaveLength(4096);
});
