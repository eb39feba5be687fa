import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { addToFstab, readFstab } from '../../src/host/fstab.ts';
import { fileSystemOf, isMountPoint } from '../../src/host/mounts.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'fstab-'));
});
afterEach(() => rm(dir, { recursive: true }));

const line = { source: '/a/exports.img', mountPoint: '/a/my exports', type: 'ext4', options: 'loop,nofail' };

test('a line is added once, whatever else is there stays', async () => {
  const file = path.join(dir, 'fstab');
  await writeFile(file, '# /dev/x /a/my\\040exports ext4\nUUID=1 / ext4 defaults 0 1');

  expect(await addToFstab(line, file)).toBe(true);
  expect(await addToFstab(line, file)).toBe(false);

  expect(await readFile(file, 'utf8')).toBe(
    '# /dev/x /a/my\\040exports ext4\nUUID=1 / ext4 defaults 0 1\n/a/exports.img /a/my\\040exports ext4 loop,nofail 0 2\n',
  );
});

test('lines are read as they are meant', async () => {
  const file = path.join(dir, 'fstab');
  await writeFile(file, '# /dev/x /x ext4\n\nUUID=1  /\text4 defaults 0 1\n');
  await addToFstab(line, file);

  expect(await readFstab(file)).toEqual([
    { source: 'UUID=1', mountPoint: '/' },
    { source: '/a/exports.img', mountPoint: '/a/my exports' },
  ]);
  expect(await readFstab(path.join(dir, 'none'))).toEqual([]);
});

test('a missing file is made, and one behind a link is changed', async () => {
  await symlink(path.join(dir, 'real'), path.join(dir, 'fstab'));
  await writeFile(path.join(dir, 'real'), '');

  await addToFstab(line, path.join(dir, 'fstab'));

  expect(await readFile(path.join(dir, 'real'), 'utf8')).toContain('/a/exports.img');
  expect(await addToFstab(line, path.join(dir, 'none'))).toBe(true);
});

test('what is not there yet lies where its folder lies', async () => {
  expect(await fileSystemOf(path.join(dir, 'none/at/all'))).toBe(await fileSystemOf(dir));
  expect(await fileSystemOf('/proc')).not.toBe(await fileSystemOf(dir));
  expect(await isMountPoint('/proc')).toBe(true);
  expect(await isMountPoint(dir)).toBe(false);
});
