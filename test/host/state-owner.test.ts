import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { claimState, isOfNamespace } from '../../src/host/state-owner.ts';
import { isInUserNamespace, readIdMaps } from '../../src/host/user-namespace.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'state-owner-'));
});
afterEach(() => rm(dir, { recursive: true }));

const record = (users: string) =>
  writeFile(path.join(dir, 'user-namespace.json'), JSON.stringify({ format: 1, users, groups: users }));

test('a state directory that no user has begun is left alone, and one that a user has begun is refused', async () => {
  // In a container these tests may be in a user namespace themselves: then what others have begun is refused.
  const isInside = await isInUserNamespace();
  await mkdir(path.join(dir, 'layers'));
  await claimState(dir);
  expect(await isOfNamespace(dir)).toBe(isInside);
  expect(await readdir(dir)).toEqual(isInside ? ['layers', 'user-namespace.json'] : ['layers']);
  await record('0 1000 1,1 100000 65535');
  expect(await isOfNamespace(dir)).toBe(true);
  await expect(claimState(dir)).rejects.toThrow(isInside ? 'had other numbers' : `${dir} is of builds without root`);
});

test('maps are lines of three numbers', async () => {
  expect((await readIdMaps()).users).toMatch(/^\d+ \d+ \d+(?:,\d+ \d+ \d+)*$/);
});
