import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { imageKeyFile, makeImageKey, readCheckSignature, trustKeysOf } from '../../src/host/image-key.ts';
import { beginVersion, imagesDir, publishVersion } from '../../src/host/image-store.ts';
import { listTrustedImages, signOlderVersions, signVersion } from '../../src/host/trusted-images.ts';
import { sampleManifest } from '../support/sample-view.ts';

let lines: string[];
const log = {
  info: (event: string, fields: object = {}) => void lines.push(`${event} ${Object.values(fields).join(' ')}`),
  warn: (event: string, fields: object = {}) => void lines.push(`${event} ${Object.values(fields).join(' ')}`),
};
const { signal } = new AbortController();
let state: string;
beforeEach(async () => {
  lines = [];
  state = await mkdtemp(path.join(tmpdir(), 'trusted-images-'));
});
afterEach(() => rm(state, { recursive: true }));

async function publish(version: string, isSigned = true): Promise<void> {
  const torso = await beginVersion(imagesDir(state), 'mine');
  const key = isSigned ? await makeImageKey(state, log) : undefined;
  await publishVersion(torso, sampleManifest({ name: 'mine', version }), { signal, ...(key && { sign: key.sign }) });
}

const at = (version: string, file: string) => path.join(imagesDir(state), 'mine', version, file);
const trusted = async (dir = state) =>
  (await listTrustedImages(dir)).images.get('mine')?.map(({ version }) => version) ?? [];
const problems = async () => (await listTrustedImages(state)).problems;

const changed = 'its manifest is not what was signed, or another store has signed it';

test('the key is made once, also by two at a time, and only its owner can read it', async () => {
  const made = await Promise.all([1, 2, 3].map(() => makeImageKey(state, log)));

  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect((await stat(imageKeyFile(state))).mode & 0o777).toBe(0o600);
  expect((await stat(path.dirname(imageKeyFile(state)))).mode & 0o777).toBe(0o700);
  expect(
    (await readFile(path.join(state, 'image-keys', `${made[0]?.id}.pem`), 'utf8')).startsWith('-----BEGIN PUBLIC'),
  ).toBe(true);
});

test('a manifest that was changed by one byte is not trusted, and the others are', async () => {
  await publish('20261121.1');
  await publish('20261121.2');
  const manifest = await readFile(at('20261121.2', 'manifest.json'), 'utf8');
  await writeFile(at('20261121.2', 'manifest.json'), manifest.replace('"rootFiles": 21000', '"rootFiles": 21001'));

  expect(await trusted()).toEqual(['20261121.1']);
  expect(await problems()).toEqual([`mine@20261121.2 is not offered to nodes: ${changed}`]);
});

test.each([
  ['of another manifest', (other: Uint8Array) => other],
  ['that is empty', () => new Uint8Array()],
  ['that is cut off', (other: Uint8Array) => other.subarray(0, 63)],
])('a signature %s is not trusted', async (_, forge) => {
  await publish('20261121.1');
  await publish('20261121.2');
  await writeFile(at('20261121.2', 'manifest.sig'), forge(await readFile(at('20261121.1', 'manifest.sig'))));

  expect(await trusted()).toEqual(['20261121.1']);
});

test('a signature that cannot be read is a problem of its version alone', async () => {
  await publish('20261121.1');
  await publish('20261121.2');
  await rm(at('20261121.2', 'manifest.sig'));
  await mkdir(at('20261121.2', 'manifest.sig'));

  expect(await trusted()).toEqual(['20261121.1']);
  expect(await problems()).toEqual([
    expect.stringContaining('mine@20261121.2 is not offered to nodes: the signed manifest of '),
  ]);
});

test('in a new store, a version without a signature is not trusted, and the first start does not sign it', async () => {
  await publish('20261121.1');
  await rm(at('20261121.1', 'manifest.sig'));

  await signOlderVersions(state, log);

  expect(lines).toEqual([]);
  expect(await problems()).toEqual(['mine@20261121.1 is not offered to nodes: its manifest is not signed']);
});

test('older versions are signed once, at the first start; later ones without a signature are not trusted', async () => {
  await publish('20261120.1', false);
  await publish('20261121.1');
  expect(await trusted()).toEqual(['20261121.1', '20261120.1']);

  await signOlderVersions(state, log);
  expect(lines).toEqual(['image.signed mine@20261120.1 it was published before versions were signed']);
  await rm(at('20261120.1', 'manifest.sig'));
  await publish('20261122.1', false);
  await signOlderVersions(state, log);

  expect(await trusted()).toEqual(['20261121.1']);
  expect(await problems()).toEqual([
    'mine@20261122.1 is not offered to nodes: its manifest is not signed',
    'mine@20261120.1 is not offered to nodes: its manifest is not signed',
  ]);
  await signVersion(state, { name: 'mine', version: '20261122.1' }, log);
  expect(await trusted()).toEqual(['20261122.1', '20261121.1']);
});

test('a wrong signature of before is not made good at a start', async () => {
  await publish('20261121.1', false);
  await writeFile(at('20261121.1', 'manifest.sig'), new Uint8Array(64));

  await signOlderVersions(state, log);

  expect(await trusted()).toEqual([]);
});

test('where a signature cannot be written, versions without one stay as they are until it can', async () => {
  await publish('20261121.1', false);
  await mkdir(at('20261121.1', `.manifest.sig.${process.pid}.tmp`));

  await signOlderVersions(state, log);
  expect(lines[0]).toContain('image.unsigned mine@20261121.1');
  expect(await trusted()).toEqual(['20261121.1']);

  await rm(at('20261121.1', `.manifest.sig.${process.pid}.tmp`), { recursive: true, force: true });
  await signOlderVersions(state, log);
  expect((await readFile(at('20261121.1', 'manifest.sig'))).byteLength).toBe(64);
});

test('a service that serves the versions of another store trusts its key, and no other', async () => {
  await publish('20261121.1');
  const other = path.join(state, 'other');
  await mkdir(path.dirname(imagesDir(other)), { recursive: true });
  const text = await readFile(at('20261121.1', 'manifest.json'), 'utf8');
  const signature = await readFile(at('20261121.1', 'manifest.sig'));
  await makeImageKey(other, log);
  expect((await readCheckSignature(other))(text, signature)).toBe(changed);

  await trustKeysOf(state, other, log);

  expect((await readCheckSignature(other))(text, signature)).toBeUndefined();
  expect((await readCheckSignature(state))(text, signature)).toBeUndefined();
});

test('a key of another kind is an error that names the file', async () => {
  await makeImageKey(state, log);
  await writeFile(imageKeyFile(state), 'no key');
  await expect(makeImageKey(state, log)).rejects.toThrow(`${imageKeyFile(state)} holds no key`);
});
