import { createHash } from 'node:crypto';
import { chmod, link, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { StoreObjects, sweepObjects } from '../../src/host/store-objects.ts';
import { hasLeftovers, removeVersion, sweepStore } from '../../src/host/store-sweep.ts';
import { readCost, readFreed } from '../../src/host/version-cost.ts';
import type { IndexedFile } from '../../src/model/tree-index.ts';

let store: string;
let objects: StoreObjects;
beforeEach(async () => {
  store = await mkdtemp(path.join(tmpdir(), 'objects-'));
  objects = new StoreObjects(store, new AbortController().signal);
  for (const version of ['1', '2']) await mkdir(path.join(store, 'mine', version), { recursive: true });
  await writeFile(path.join(store, 'source'), 'x'.repeat(10_000));
});
afterEach(() => rm(store, { recursive: true }));

const content = 'x'.repeat(10_000);
const name = 'ab'.repeat(32);
const file: IndexedFile = {
  kind: 'file',
  path: 'a',
  mode: 0o640,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  time: 1_000_000_000,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
};
const at = (...parts: readonly string[]) => path.join(store, ...parts);
const inode = async (...parts: readonly string[]) => (await lstat(at(...parts))).ino;

test('a file is copied once, with its attributes, and is the same in every version', async () => {
  await objects.place(file, name, at('source'), at('mine/1/a'));
  await rm(at('source'));
  await objects.place(file, name, at('source'), at('mine/2/a'));

  expect(await inode('mine/1/a')).toBe(await inode('mine/2/a'));
  const { mode, mtimeMs } = await lstat(at('mine/1/a'));
  expect([mode & 0o7777, mtimeMs]).toEqual([0o640, 1_000_000_000_000]);
  expect(await readFile(at('mine/2/a'), 'utf8')).toBe(content);
});

test('a file that is there becomes the object, the next one a name of it', async () => {
  for (const version of ['1', '2']) await writeFile(at('mine', version, 'a'), content);
  objects.adopt(name, at('mine/1/a'));
  objects.adopt(name, at('mine/2/a'));
  objects.adopt(name, at('mine/2/a'));

  expect(await inode('mine/1/a')).toBe(await inode('mine/2/a'));
  expect(await readdir(at('mine/2'))).toEqual(['a']);
  expect((await lstat(at('mine/1/a'))).nlink).toBe(3);
});

test('objects without a version are swept, others stay; a dry run only counts', async () => {
  await objects.place(file, name, at('source'), at('mine/1/a'));
  await objects.place(file, `${name}-2`, at('source'), at('mine/1/b'));
  await rm(at('mine/1/b'));

  expect(sweepObjects(store, { dryRun: true })).toMatchObject({ files: 1 });
  expect(sweepObjects(store, { dryRun: false })).toMatchObject({ files: 1 });
  expect(sweepObjects(store, { dryRun: false })).toEqual({ files: 0, bytes: 0 });
  expect(await readFile(at('mine/1/a'), 'utf8')).toBe(content);
});

test('what a version costs is what no other has', async () => {
  await objects.place(file, name, at('source'), at('mine/1/shared'));
  await objects.place(file, name, at('source'), at('mine/2/shared'));
  await writeFile(at('mine/2/own'), content);
  await objects.place(file, `${name}-2`, at('source'), at('mine/2/kept'));
  await link(at('mine/2/kept'), at('mine/2/kept-again'));

  const [one, two] = [await readCost([at('mine/1')]), await readCost([at('mine/2')])];
  expect(one.sharedBytes).toBe(two.sharedBytes);
  expect(one.sharedBytes).toBeGreaterThanOrEqual(content.length);
  expect(two.ownBytes - one.ownBytes).toBe(2 * one.sharedBytes);
  expect((await readCost([at('mine/1'), at('mine/2')])).sharedBytes).toBe(0);
});

test('what versions free one after the other is what they have together, and nothing that another one has', async () => {
  await objects.place(file, name, at('source'), at('mine/1/kept'));
  await mkdir(at('other'));
  await objects.place(file, name, at('source'), at('other/kept'));
  for (const version of ['1', '2']) await objects.place(file, `${name}-2`, at('source'), at(`mine/${version}/both`));

  const [one = 0, two = 0] = await readFreed([[at('mine/1')], [at('mine/2'), at('nowhere')]]);
  expect(two - one).toBeGreaterThanOrEqual(content.length);
  expect(one + two).toBe((await readCost([at('mine/1'), at('mine/2')])).ownBytes);
  expect(await readFreed([])).toEqual([]);
});

test('a version that is removed is out of sight at once, and what died half removed is swept', async () => {
  await removeVersion(store, { name: 'mine', version: '1' });
  expect(await readdir(at('mine'))).toEqual(['2']);
  expect(await hasLeftovers(store)).toBe(false);

  await mkdir(at('mine/.tmp-gone-0/root'), { recursive: true });
  await writeFile(at('mine/.tmp-gone-0/root/file'), '');
  await chmod(at('mine/.tmp-gone-0/root/file'), 0o444);
  expect(await hasLeftovers(store)).toBe(true);
  await sweepStore(store);
  expect(await readdir(at('mine'))).toEqual(['2']);

  await removeVersion(store, { name: 'mine', version: '2' });
  expect(await readdir(store)).not.toContain('mine');
});
