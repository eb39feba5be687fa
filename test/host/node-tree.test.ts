import { lstat, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { writeNodeTree } from '../../src/host/node-tree.ts';
import type { NodeFile } from '../../src/model/node-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'node-tree-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const attributes = { uid: 100, gid: 101 };
const files: readonly NodeFile[] = [
  { kind: 'remove', glob: 'etc/ssh/*' },
  { kind: 'directory', path: 'etc/munge', mode: 0o2700, ...attributes },
  { kind: 'file', path: 'etc/munge/key', mode: 0o400, ...attributes, bytes: Buffer.from('k') },
  { kind: 'file', path: 'usr/bin/tool', mode: 0o4755, ...attributes, bytes: Buffer.from('#!') },
  { kind: 'link', path: 'etc/a/b', target: '/etc/passwd' },
];

const mode = async (name: string) => ((await lstat(path.join(dir, 'tree', name))).mode & 0o7777).toString(8);

test('files, folders and links are written for whoever writes them, without special bits', async () => {
  await writeNodeTree(path.join(dir, 'tree'), files);

  expect(await readFile(path.join(dir, 'tree/etc/munge/key'), 'utf8')).toBe('k');
  expect(await readlink(path.join(dir, 'tree/etc/a/b'))).toBe('/etc/passwd');
  expect([await mode(''), await mode('etc/munge'), await mode('etc/munge/key')]).toEqual(['700', '700', '400']);
  expect(await mode('usr/bin/tool')).toBe('755');
  expect((await lstat(path.join(dir, 'tree/etc/munge/key'))).uid).toBe(process.getuid?.());
});

test('nothing is written into a folder that holds something, or into a file', async () => {
  await mkdir(path.join(dir, 'tree'));
  await writeFile(path.join(dir, 'tree/mine'), '');

  await expect(writeNodeTree(path.join(dir, 'tree'), files)).rejects.toThrow('is not empty');
  await expect(writeNodeTree(path.join(dir, 'tree/mine'), files)).rejects.toThrow('is no folder to write into');
});

test('a link leads nothing out of the folder', async () => {
  const tricky: readonly NodeFile[] = [
    { kind: 'link', path: 'etc', target: dir },
    { kind: 'file', path: 'etc/escaped', mode: 0o644, ...attributes, bytes: Buffer.from('x') },
  ];

  await writeNodeTree(path.join(dir, 'tree'), tricky).catch(() => undefined);

  await expect(lstat(path.join(dir, 'escaped'))).rejects.toThrow('ENOENT');
});
