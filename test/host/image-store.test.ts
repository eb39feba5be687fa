import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  beginVersion,
  compareVersions,
  listImages,
  publishVersion,
  readStore,
  takenVersions,
} from '../../src/host/image-store.ts';
import type { ImageManifest } from '../../src/model/manifest.ts';

let store: string;
beforeEach(async () => {
  store = await mkdtemp(path.join(tmpdir(), 'image-store-'));
});
afterEach(() => rm(store, { recursive: true }));

const signal = new AbortController().signal;

function manifest(version: string): ImageManifest {
  const empty = { boards: [], bootFiles: {}, kernels: [], packages: [], users: {}, groups: {}, folderLinks: {} };
  const builtAt = '2026-11-21T08:00:00.000Z';
  return { format: 1, name: 'mine', version, builtAt, key: '0'.repeat(64), ...empty, rootBytes: 0, rootFiles: 0 };
}

async function publish(version: string): Promise<void> {
  const torso = await beginVersion(store, 'mine');
  await mkdir(path.join(torso, 'root'));
  await publishVersion(torso, manifest(version), { signal });
}

test('a published version is listed, newest first', async () => {
  for (const version of ['20261121.9', '20261120.12', '20261121.10']) await publish(version);

  const versions = (await listImages(store)).get('mine');

  expect(versions?.map(({ version }) => version)).toEqual(['20261121.10', '20261121.9', '20261120.12']);
});

test('a version in the making is not listed, and is swept when its build has died', async () => {
  await publish('20261121.1');
  const torso = await beginVersion(store, 'mine');
  await mkdir(path.join(torso, 'root'));
  await writeFile(path.join(torso, 'manifest.json'), '{');
  expect((await listImages(store)).get('mine')).toHaveLength(1);

  await publish('20261121.2');

  expect((await readdir(path.join(store, 'mine'))).toSorted()).toEqual(['20261121.1', '20261121.2']);
});

const manifestOf = (version: string) => path.join(store, 'mine', version, 'manifest.json');

test.each<[string, () => Promise<unknown>, string]>([
  ['that is no JSON', () => writeFile(manifestOf('20261121.2'), '{'), 'is damaged: '],
  ['that has another form', () => writeFile(manifestOf('20261121.2'), '{"format": 2}'), 'is damaged: format: '],
  ['that is a folder', () => remake(manifestOf('20261121.2')), 'cannot be read: EISDIR'],
  ['that is missing', () => rm(manifestOf('20261121.2')), 'is missing'],
])('a manifest %s is named, and keeps nobody from the other versions', async (_what, damage, problem) => {
  for (const version of ['20261121.1', '20261121.2', '20261121.3']) await publish(version);
  await damage();

  const { images, damaged } = await readStore(store);

  expect(images.get('mine')?.map(({ version }) => version)).toEqual(['20261121.3', '20261121.1']);
  const named = { name: 'mine', version: '20261121.2' };
  expect(damaged).toEqual([{ ...named, problem: expect.stringContaining(`its manifest.json ${problem}`) as string }]);
  expect(await takenVersions(store, 'mine')).toContain('20261121.2');
});

async function remake(file: string): Promise<void> {
  await rm(file);
  await mkdir(file);
}

test('a folder whose name is none of a version is no version', async () => {
  await mkdir(path.join(store, 'mine', 'lost+found'), { recursive: true });
  expect(await readStore(store)).toEqual({ images: new Map(), damaged: [] });
});

test('an empty or missing store has no images', async () => {
  expect([...(await listImages(path.join(store, 'nothing')))]).toEqual([]);
});

test('a published version is never replaced', async () => {
  await publish('20261121.1');
  await expect(publish('20261121.1')).rejects.toThrow(/ENOTEMPTY|EEXIST/);
});

test('counters are compared as numbers', () => {
  expect(['20261121.2', '20261121.10', '20261120.3'].toSorted(compareVersions)).toEqual([
    '20261120.3',
    '20261121.2',
    '20261121.10',
  ]);
});
