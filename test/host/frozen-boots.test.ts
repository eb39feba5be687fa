import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openFrozenBoots, readFrozenBoots } from '../../src/host/frozen-boots.ts';
import type { FrozenBoot } from '../../src/model/frozen-boot.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const frozen: FrozenBoot = {
  format: 1,
  generation: planGeneration(sampleNode('node01'), sampleView()),
  overlay: [
    { kind: 'remove', glob: 'etc/ssh/*' },
    { kind: 'directory', path: 'etc', mode: 0o755, uid: 0, gid: 0 },
    { kind: 'file', path: 'etc/x', mode: 0o644, uid: 0, gid: 0, bytes: Buffer.from([0, 255, 10, 13]) },
    { kind: 'link', path: 'etc/y', target: 'x' },
  ],
};
const { id } = frozen.generation;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'frozen-'));
});
afterEach(() => rm(dir, { recursive: true }));

test('what was saved is read again byte for byte', async () => {
  await (await openFrozenBoots(dir, new Set())).save(frozen);

  const [file] = (await openFrozenBoots(dir, new Set([id]))).get(id)?.overlay.slice(2) ?? [];

  expect(file).toMatchObject({ kind: 'file', path: 'etc/x' });
  expect(file?.kind === 'file' && Buffer.from(file.bytes).equals(Buffer.from([0, 255, 10, 13]))).toBe(true);
});

test('who only looks makes no folder', async () => {
  const nowhere = path.join(dir, 'boot');
  expect(await readFrozenBoots(nowhere, new Set([id]))).toEqual(new Map());
  await expect(readdir(nowhere)).rejects.toThrow('ENOENT');
});

test('it can be got while it is still being written', async () => {
  const boots = await openFrozenBoots(dir, new Set());

  const saved = Promise.all([boots.save(frozen), boots.save(frozen)]);
  expect(boots.get(id)).toBe(frozen);
  await saved;

  expect(await readdir(dir)).toEqual([`${id}.json`]);
});

test('only what no boot needs is removed, and nothing that is not ours', async () => {
  const boots = await openFrozenBoots(dir, new Set());
  await boots.save(frozen);
  await writeFile(path.join(dir, `${'0'.repeat(64)}.json`), 'left by a service that was killed');
  await writeFile(path.join(dir, 'notes.txt'), '');

  await boots.keepOnly(new Set([id]));
  expect((await readdir(dir)).toSorted()).toEqual([`${id}.json`, 'notes.txt'].toSorted());

  await boots.keepOnly(new Set());
  expect(boots.get(id)).toBeUndefined();
  expect(await readdir(dir)).toEqual(['notes.txt']);
});

test('a generation that is lost is simply not there', async () => {
  expect((await openFrozenBoots(dir, new Set([id]))).get(id)).toBeUndefined();
});
