import { mkdtemp, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openApt } from '../../src/host/apt.ts';

const { signal } = new AbortController();

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'apt-'));
});
afterEach(() => rm(dir, { recursive: true }));

test('apt keeps what it knows of packages as long as its sources are the same', async () => {
  const list = path.join(dir, 'sources.list');
  await openApt(dir, 'deb http://plum.example trixie main\n', signal);
  await utimes(list, 5, 5);

  await openApt(dir, 'deb http://plum.example trixie main\n', signal);
  expect((await stat(list)).mtimeMs).toBe(5000);

  await openApt(dir, 'deb http://plum.example forky main\n', signal);
  expect((await stat(list)).mtimeMs).toBeGreaterThan(5000);
  expect(await readFile(list, 'utf8')).toContain('forky');
});
