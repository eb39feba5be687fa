import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { claimWorkDir } from '../../src/host/work-dir.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'work-dir-'));
});
afterEach(() => rm(state, { recursive: true }));

/** Higher than any pid can be. */
const nobody = 4_194_999;

async function leaveBuild(owner: string): Promise<void> {
  await mkdir(path.join(state, 'build', 'layer'), { recursive: true });
  await writeFile(path.join(state, 'build', 'owner.json'), owner);
}

test('a second build is refused while the first runs, and welcome after', async () => {
  const first = await claimWorkDir(state);
  await expect(claimWorkDir(state)).rejects.toThrow(`another build is running: process ${process.pid}`);
  expect(await readdir(state)).toEqual(['build']);

  await first.release();
  expect(await readdir(state)).toEqual([]);
  await (await claimWorkDir(state)).release();
});

test.each([
  ['a process that is gone', JSON.stringify({ pid: nobody, startTime: '1' })],
  ['a process whose number another one has now', JSON.stringify({ pid: process.pid, startTime: '1' })],
  ['nobody knows whom', '{"pid":'],
])('what %s left is swept', async (_name, owner) => {
  await leaveBuild(owner);
  const claimed = await claimWorkDir(state);
  expect(await readdir(claimed.dir)).toEqual(['owner.json']);
  await claimed.release();
});

test('remains beside it go too, but not those of living processes', async () => {
  for (const name of [`build.dead-${nobody}`, `build.${nobody}`, `build.dead-${process.ppid}`, 'builds']) {
    await mkdir(path.join(state, name));
  }
  await (await claimWorkDir(state)).release();
  expect((await readdir(state)).toSorted()).toEqual([`build.dead-${process.ppid}`, 'builds']);
});

test('a state directory that cannot be made is an error with a cure', async () => {
  const blocked = path.join(state, 'file');
  await writeFile(blocked, '');
  await expect(claimWorkDir(path.join(blocked, 'state'))).rejects.toMatchObject({
    hint: expect.stringContaining('--state') as string,
  });
});
