import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { readJsonFile, type Schema } from '../../src/host/json-file.ts';

type Words = readonly string[];

const schema: Schema<Words> = {
  safeParse: (input) =>
    Array.isArray(input)
      ? { success: true, data: input as string[] }
      : { success: false, error: { issues: [{ path: ['words', 0], message: 'not a list' }] } },
};

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'json-file-'));
  file = path.join(dir, 'words.json');
});
afterEach(() => rm(dir, { recursive: true }));

const read = () => readJsonFile<Words>({ file, schema, empty: [] });

test('what the file says, or the empty value where there is none', async () => {
  expect(await read()).toEqual([]);
  await writeFile(file, '["one"]');
  expect(await read()).toEqual(['one']);
});

test.each([
  ['{"cut', 'Unterminated'],
  ['{}', 'words.0: not a list'],
  ['', 'JSON'],
])('a damaged file (%s) is named and left alone', async (content, reason) => {
  await writeFile(file, content);

  await expect(read()).rejects.toThrow(reason);
  await expect(read()).rejects.toThrow(file);

  expect(await readFile(file, 'utf8')).toBe(content);
});
