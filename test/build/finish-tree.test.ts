import { chmodSync, lstatSync } from 'node:fs';
import { link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { finishTree } from '../../src/build/finish-tree.ts';
import type { Placed } from '../../src/build/flatten.ts';
import { indexTree } from '../../src/host/index-tree.ts';
import { run } from '../../src/host/process.ts';
import type { IndexEntry } from '../../src/model/tree-index.ts';

const { signal } = new AbortController();

let dir: string;
let root: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'finish-'));
  root = path.join(dir, 'root');
  await mkdir(path.join(root, 'etc'), { recursive: true });
  for (const name of ['kept', 'gone']) await writeFile(path.join(root, 'etc', name), name);
  await link(path.join(root, 'etc/kept'), path.join(dir, 'object'));
  await symlink('kept', path.join(root, 'etc/link'));
  await mark('etc', '6f6e65');
  await mark('etc/kept', '74776f');
});
afterEach(() => rm(dir, { recursive: true }));

async function mark(file: string, value: string): Promise<void> {
  await run(['setfattr', '--name', 'user.mark', '--value', `0x${value}`, path.join(root, file)], { signal });
}

/** As it was placed: all that is said of it is `layer`. */
async function placeAll(): Promise<Map<string, Placed>> {
  const { entries } = await indexTree(root, { signal });
  return new Map(entries.map((entry) => [entry.path, placedAs(entry)]));
}

function placedAs(entry: IndexEntry): Placed {
  const inode = lstatSync(path.join(root, entry.path)).ino;
  return entry.kind === 'file'
    ? { inode, entry: { ...entry, layer: 1 }, object: `${'0'.repeat(63)}${inode % 10}` }
    : { inode, entry };
}

const finish = (placed: ReadonlyMap<string, Placed>) =>
  finishTree({ root, imagesDir: path.join(dir, 'images'), placed, signal });

test('what was not touched since is taken as it was, and the rest is read', async () => {
  const placed = await placeAll();
  await rm(path.join(root, 'etc/gone'));
  await writeFile(path.join(root, 'etc/new'), 'new');
  await mark('etc/new', '6e6577');
  await mkdir(path.join(root, 'made'));

  const finished = await finish(placed);

  const read = await indexTree(root, { signal });
  const expected = read.entries.map((entry) =>
    entry.path === 'etc/kept' ? Object.assign(entry, { layer: 1 }) : entry,
  );
  // Also in the same order of fields: the digest of an index is that of its text.
  expect(JSON.stringify(finished)).toBe(JSON.stringify(expected));
  expect(finished.find(({ path: name }) => name === 'etc/new')?.xattrs).toEqual({ 'user.mark': '6e6577' });
});

test('content and attributes of what was not touched are not read', async () => {
  const placed = await placeAll();
  const before = placed.get('etc/kept');
  if (before?.entry.kind !== 'file') throw new Error('there is no file');
  placed.set('etc/kept', { ...before, entry: { ...before.entry, sha256: 'f'.repeat(64), xattrs: { 'user.x': '00' } } });

  const finished = await finish(placed);

  expect(finished.find(({ path: name }) => name === 'etc/kept')).toMatchObject({
    sha256: 'f'.repeat(64),
    xattrs: { 'user.x': '00' },
  });
});

test('a file that was changed in place is noticed: it is that of other versions, too', async () => {
  const placed = await placeAll();
  chmodSync(path.join(root, 'etc/kept'), 0o600);
  await expect(finish(placed)).rejects.toThrow('/etc/kept was changed in place');
});

test('a tree that was not placed is read', async () => {
  await utimes(path.join(root, 'etc/kept'), 5, 5);
  const finished = await finish(new Map());
  expect(finished.find(({ path: name }) => name === 'etc/kept')).toMatchObject({
    time: 5,
    xattrs: { 'user.mark': '74776f' },
  });
});
