import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { lockChanges, readLock, writeLock } from '../../src/build/lock-file.ts';
import { sampleLock, samplePackage } from '../support/sample-lock.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'lock-file-'));
});
afterEach(() => rm(dir, { recursive: true }));

const image = (isOwnSpec: boolean) => ({ name: 'mine', stateDir: path.join(dir, 'state'), specDir: dir, isOwnSpec });
const at = (resolvedAt: string) => ({ ...sampleLock(), resolvedAt });

test("the lock of one's own image lies beside image.yaml, and in the state for those who clean up", async () => {
  const file = await writeLock(image(true), at('a'));

  expect(file).toBe(path.join(dir, 'image.lock.json'));
  expect((await stat(file)).uid).toBe((await stat(dir)).uid);
  expect(await readLock(image(false))).toEqual(at('a'));
});

test('of a shipped image only the state has one', async () => {
  expect(await writeLock(image(false), at('a'))).toBe(path.join(dir, 'state/locks/mine.json'));
  expect(await readdir(dir)).toEqual(['state']);
});

test('the one beside image.yaml counts, and without it the one that was there before', async () => {
  await writeLock(image(false), at('before'));
  expect((await readLock(image(true)))?.resolvedAt).toBe('before');
  await writeLock(image(true), at('committed'));
  await writeLock(image(false), at('later'));
  expect((await readLock(image(true)))?.resolvedAt).toBe('committed');
  expect(await readLock({ ...image(true), name: 'other', specDir: path.join(dir, 'none') })).toBeUndefined();
});

test('one that lies beside image.yaml and cannot be written there counts until the state has a newer one', async () => {
  await writeLock(image(true), at('2026-11-20T00:00:00.000Z'));
  await rm(path.join(dir, 'state'), { recursive: true });
  expect((await readLock(image(false)))?.resolvedAt).toBe('2026-11-20T00:00:00.000Z');
  await writeLock(image(false), at('2026-11-19T00:00:00.000Z'));
  expect((await readLock(image(false)))?.resolvedAt).toBe('2026-11-20T00:00:00.000Z');
  await writeLock(image(false), at('2026-11-21T00:00:00.000Z'));
  expect((await readLock(image(false)))?.resolvedAt).toBe('2026-11-21T00:00:00.000Z');
  expect((await readLock({ ...image(false), specDir: '' }))?.resolvedAt).toBe('2026-11-21T00:00:00.000Z');
});

test('changes are told by package: newer, new and gone', () => {
  const layer = (...packages: ReturnType<typeof samplePackage>[]) => ({
    name: 'base',
    request: '0'.repeat(64),
    packages,
  });
  const before = { ...sampleLock(), layers: [layer(samplePackage('a'), samplePackage('b'), samplePackage('c'))] };
  const updates = { ...layer(samplePackage('b', '2'), samplePackage('d')), name: 'updates', removes: ['c'] };
  expect(lockChanges(before, { ...before, layers: [...before.layers, updates] })).toEqual([
    'b 1.0-1 -> 2',
    'c 1.0-1 -> (gone)',
    'd (new) -> 1.0-1',
  ]);
});
