import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import { forgetRotatedSecrets, rotatingSecret } from '../../src/host/rotating-secret.ts';

let dir: string;
const log = { info: () => undefined, warn: () => undefined };
const at = (file: string) => path.join(dir, file);
const secret = (id = '7') => rotatingSecret({ dir, name: 'mungeKey', sizeBytes: 64, id, log });
const given = () => readFile(at('cluster/mungeKey'));

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'rotating-'));
  await mkdir(at('cluster'), { mode: 0o700 });
  await writeFile(at('cluster/mungeKey'), 'as it was', { mode: 0o600 });
  return () => rm(dir, { recursive: true });
});

test('before a push there is the old one only', async () => {
  expect(await secret().read()).toEqual({ old: Buffer.from('as it was'), new: undefined, given: 'old' });
});

test('a push gives another one, as often as it is done, and back comes the first', async () => {
  await secret().push();
  const next = await given();
  expect(next).toHaveLength(64);
  await secret().push();
  expect(await given()).toEqual(next);
  expect(await secret().read()).toEqual({ old: Buffer.from('as it was'), new: next, given: 'new' });

  await secret().pushBack();
  await secret().pushBack();

  expect((await given()).toString()).toBe('as it was');
  expect(await secret().read()).toMatchObject({ given: 'old' });
});

test('nobody else can read them', async () => {
  await secret().push();
  const mode = async (file: string) => ((await stat(at(file))).mode & 0o777).toString(8);
  const files = ['cluster/mungeKey', 'rotations/7/old', 'rotations/7/new'];
  expect(await Promise.all(files.map(mode))).toEqual(['600', '600', '600']);
  expect(await Promise.all(['rotations', 'rotations/7'].map(mode))).toEqual(['700', '700']);
});

test('a service that was killed in the middle of a push finds the first key kept', async () => {
  await mkdir(at('rotations/7'), { recursive: true });
  await writeFile(at('rotations/7/old'), 'as it was', { mode: 0o600 });
  await writeFile(at('rotations/7/.new.123.new'), 'a torso', { mode: 0o600 });
  await secret().push();
  await secret().pushBack();
  expect((await given()).toString()).toBe('as it was');
});

test('a rotation that has ended leaves nothing, another one that goes on keeps its own', async () => {
  await secret('7').push();
  await secret('8').push();
  await forgetRotatedSecrets(dir, ['8']);
  expect(await readdir(at('rotations'))).toEqual(['8']);
  await forgetRotatedSecrets(dir, []);
  await forgetRotatedSecrets(at('nothing'), []);
  expect(await readdir(at('rotations'))).toEqual([]);
});
