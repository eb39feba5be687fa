import { mkdtemp, readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openJsonFile, type JsonFile, type Schema } from '../../src/host/json-file.ts';

type Words = readonly string[];

const schema: Schema<Words> = {
  safeParse: (input) =>
    Array.isArray(input)
      ? { success: true, data: input as string[] }
      : { success: false, error: { issues: [{ path: ['words', 0], message: 'not a list' }] } },
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'json-file-'));
});
afterEach(() => rm(dir, { recursive: true }));

const open = (): Promise<JsonFile<Words>> =>
  openJsonFile<Words>({ file: path.join(dir, 'sub', 'words.json'), schema, empty: [], mode: 0o600 });
const add = (word: string) => (words: Words) => [...words, word];
const onDisk = async () => JSON.parse(await readFile(path.join(dir, 'sub', 'words.json'), 'utf8')) as unknown;

test('a change is on the disk when its promise resolves, readable by its owner only', async () => {
  const file = await open();

  await file.update(add('one'));

  expect(await onDisk()).toEqual(['one']);
  expect((await stat(path.join(dir, 'sub', 'words.json'))).mode & 0o777).toBe(0o600);
  expect((await open()).current()).toEqual(['one']);
});

test('changes of one turn are seen at once, in order, and share one write', async () => {
  const file = await open();

  const all = Array.from({ length: 200 }, (_, index) => file.update(add(String(index))));
  expect(file.current()).toHaveLength(200);
  await all[0];

  expect(await onDisk()).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
  await Promise.all(all);
});

test('a change that cannot be written is taken back; what nobody waits for is kept for the next write', async () => {
  const file = await open();
  await file.update(add('kept'));
  await rm(path.join(dir, 'sub', 'words.json'));
  await mkdir(path.join(dir, 'sub', 'words.json'));

  file.amend(add('amended'));
  await expect(file.update(add('lost'))).rejects.toThrow('cannot write');
  expect(file.current()).toEqual(['kept', 'amended']);

  await rm(path.join(dir, 'sub', 'words.json'), { recursive: true });
  await file.update(add('later'));
  expect(await onDisk()).toEqual(['kept', 'amended', 'later']);
});

test('an amended value reaches the disk with flush', async () => {
  const file = await open();

  file.amend(add('one'));
  await file.flush();

  expect(await onDisk()).toEqual(['one']);
});

test.each([
  ['{"cut', 'Unterminated'],
  ['{}', 'words.0: not a list'],
  ['', 'JSON'],
])('a damaged file (%s) is named and left alone', async (content, reason) => {
  await mkdir(path.join(dir, 'sub'));
  await writeFile(path.join(dir, 'sub', 'words.json'), content);

  await expect(open()).rejects.toThrow(reason);
  await expect(open()).rejects.toThrow(path.join(dir, 'sub', 'words.json'));

  expect(await readFile(path.join(dir, 'sub', 'words.json'), 'utf8')).toBe(content);
});
