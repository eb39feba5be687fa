import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import { openAptFor } from '../../src/build/archives.ts';
import { sampleLock } from '../support/sample-lock.ts';

test('lists of archives that were not asked for a month are forgotten, those of others are not', async () => {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'archives-'));
  const folder = path.join(stateDir, 'apt');
  const ages = { '0123456789abcdef': 31, '123456789abcdef0': 29, amd64: 99 };
  for (const [name, days] of Object.entries(ages)) {
    await mkdir(path.join(folder, name), { recursive: true });
    await writeFile(path.join(folder, name, 'apt.conf'), '');
    const used = Date.now() / 1000 - days * 86_400;
    await utimes(path.join(folder, name, 'apt.conf'), used, used);
  }
  // Another process has just begun with it.
  await mkdir(path.join(folder, 'fedcba9876543210'));

  const { signal } = new AbortController();
  const apt = await openAptFor(stateDir, sampleLock().sources, { baseRoot: undefined, signal });

  const left = ['123456789abcdef0', 'fedcba9876543210', 'amd64', path.basename(apt.dir)];
  expect((await readdir(folder)).toSorted()).toEqual(left.toSorted());
  await rm(stateDir, { recursive: true });
});
