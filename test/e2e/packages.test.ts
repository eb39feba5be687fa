/** A layer of packages on the cached base of debian-lite: installed with programs of this machine, of which nothing stays. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { readElfMachine } from '../../src/host/elf.ts';
import { walkTree } from '../../src/host/tree.ts';
import { buildImage, type Ended } from '../support/pi-image.ts';
import { makeSampleImage, type SampleImage } from '../support/sample-image.ts';

let image: SampleImage;
let built: Ended;
let root: string;

beforeAll(async () => {
  await buildImage();
  image = await makeSampleImage('packages-test');
  // A script of munge makes a user and runs a program of munge, one of fping changes a program's capabilities.
  await image.describe('  - { name: tools, packages: [tree, munge, fping] }');
  built = await image.build();
  if (built.code !== 0) throw new Error(built.stderr);
  root = await image.newestRoot();
});
afterAll(() => image.remove());

test('nothing made it fall back to emulating everything', () => {
  expect(built.stderr).not.toContain('everything is emulated');
});

test('scripts did their work', async () => {
  expect(await readFile(path.join(root, 'etc/passwd'), 'utf8')).toMatch(/^munge:x:/m);
  const { stdout } = await promisify(execFile)('getfattr', [
    '--absolute-names',
    '--name=security.capability',
    path.join(root, 'usr/bin/fping'),
  ]);
  expect(stdout).toContain('security.capability');
});

test('dpkg knows the packages as installed, for arm64', async () => {
  const status = await readFile(path.join(root, 'var/lib/dpkg/status'), 'utf8');
  const stanza = status.split('\n\n').find((each) => each.startsWith('Package: munge\n'));
  expect(stanza).toMatch(/^Status: install ok installed$/m);
  expect(stanza).toMatch(/^Architecture: arm64$/m);
  expect(status).not.toMatch(/^Architecture: amd64$/m);
});

test('every program in it is one of arm64', async () => {
  const programs: string[] = [];
  for await (const { path: file, kind } of walkTree(root, 'usr')) {
    if (kind === 'file' && readElfMachine(path.join(root, file)) === 'amd64') programs.push(file);
  }
  expect(programs).toEqual([]);
});
