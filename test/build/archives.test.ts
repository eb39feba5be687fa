import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { findSources, openAptFor } from '../../src/build/archives.ts';
import { ImageSpec } from '../../src/model/image-spec.ts';
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

describe('the archives of a base', () => {
  const spec = ImageSpec.parse({ base: { root: 'root.tar' }, boards: ['pi4'] });

  async function sourcesOf(
    line: string,
    overrides: { mirrors: Record<string, string>; keyrings: Record<string, string> },
  ) {
    const baseRoot = await mkdtemp(path.join(tmpdir(), 'archives-'));
    try {
      await mkdir(path.join(baseRoot, 'etc/apt'), { recursive: true });
      await writeFile(path.join(baseRoot, 'etc/apt/sources.list'), `${line}\n`);
      return await findSources({ spec, overrides, baseRoot, signal: new AbortController().signal });
    } finally {
      await rm(baseRoot, { recursive: true });
    }
  }

  test('with a password in an address do not come into the lock', async () => {
    const line = 'deb [signed-by=/own.gpg] http://ada:geheim@host.test/debian trixie main';
    await expect(sourcesOf(line, { mirrors: {}, keyrings: {} })).rejects.toThrow('has a user or a password in it');
  });

  test('have the address that the command line gives, and its key must be there', async () => {
    const line = 'deb [signed-by=/pi.gpg] https://archive.raspberrypi.com/debian trixie main';
    const mirrors = { raspberrypi: 'http://copy.test/pi/' };
    const [source] = await sourcesOf(line, { mirrors, keyrings: {} });
    expect(source).toMatchObject({ uri: 'http://copy.test/pi/', keyring: 'image:/pi.gpg' });
    await expect(sourcesOf(line, { mirrors, keyrings: { raspberrypi: '/nowhere/pi.gpg' } })).rejects.toThrow(
      'the signing key of the raspberrypi archive is not there: /nowhere/pi.gpg',
    );
  });
});
