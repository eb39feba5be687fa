import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { sweepState, sweepUnfinished } from '../../src/host/sweep-unfinished.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sweep-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Higher than any pid can be. */
const nobody = 4_194_999;

const forms = (pid: number) => [
  `build.dead-${pid}`,
  `.tmp-${pid}-20261121.1`,
  `.tiny.json.${pid}.tmp`,
  `.private.pem.${pid}-0123456789ab.new`,
  `${'a'.repeat(64)}.${pid}.new`,
];

async function fill(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) await writeFile(path.join(folder, name), '');
}

test('what a process that is gone was making goes; what is finished, or somebody is making, stays', async () => {
  const others = ['tiny.json', 'builds', 'image.yaml.new', '.hidden', 'notes.2026.tmp', ...forms(process.ppid)];
  await fill(dir, [...forms(nobody), ...forms(process.pid), ...others]);
  await mkdir(path.join(dir, `build.${nobody}/layer`), { recursive: true });

  await sweepUnfinished(dir);
  expect((await readdir(dir)).toSorted()).toEqual([...forms(process.pid), ...others].toSorted());

  await sweepUnfinished(dir, { isOursToo: true });
  expect((await readdir(dir)).toSorted()).toEqual(others.toSorted());
});

test('a folder that is not there has nothing in it', async () => {
  await expect(sweepUnfinished(path.join(dir, 'nowhere'))).resolves.toBeUndefined();
});

test('in all folders of the state that builds write to', async () => {
  const left = `.one.${nobody}.tmp`;
  const folders = ['builds', 'ids', 'locks', 'sources', 'boot-cache', 'apt/abc', 'layers/abc', 'secrets/image-signing'];
  for (const folder of folders) await fill(path.join(dir, folder), [left, 'kept']);
  await fill(path.join(dir, 'exports/squash/tiny'), [`.tmp-${nobody}-20261121.1`, 'kept']);

  await sweepState(dir);

  for (const folder of [...folders, 'exports/squash/tiny']) {
    expect([folder, await readdir(path.join(dir, folder))]).toEqual([folder, ['kept']]);
  }
});
