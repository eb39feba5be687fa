import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { TreeOnDisk } from '../../src/host/seal-tree.ts';

let root: string;
let tree: TreeOnDisk;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'seal-tree-'));
  tree = new TreeOnDisk(root, new Map());
  await mkdir(path.join(root, 'usr/lib/systemd'), { recursive: true });
  await writeFile(path.join(root, 'usr/lib/systemd/file'), 'text\n', { mode: 0o640 });
});
afterEach(() => rm(root, { recursive: true }));

const link = (target: string, name: string) => symlink(target, path.join(root, name));

test('entries are what they are, links are not followed', async () => {
  await link('usr/lib/systemd/file', 'link');
  expect(tree.entry('usr/lib/systemd/file')).toEqual({ kind: 'file', sizeBytes: 5, mode: 0o640 });
  expect(tree.entry('usr/lib')).toMatchObject({ kind: 'folder' });
  expect(tree.entry('link')).toMatchObject({ kind: 'link', target: 'usr/lib/systemd/file' });
  expect(tree.text('link')).toBe('');
  expect([tree.entry('nothing'), tree.entry('usr/lib/systemd/file/below'), tree.entry('a/b')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([tree.names('nothing'), tree.names('link')]).toEqual([[], []]);
});

test.each([
  ['lib', 'usr/lib', 'lib/systemd/file'],
  ['lib', '/usr/lib', 'lib/systemd/file'],
  ['lib', '/../../usr/./lib', 'lib/systemd/file'],
])('%s -> %s is followed as on a node', async (name, target, file) => {
  await link(target, name);
  expect(tree.text(file)).toBe('text\n');
  expect(tree.names('lib/systemd')).toEqual(['file']);
});

test('no link leads out of the tree or in circles', async () => {
  await writeFile(path.join(root, '..', `${path.basename(root)}.outside`), 'secret\n');
  await link('../../../../../../../../../etc', 'up');
  await link('one', 'two');
  await link('two', 'one');
  expect(tree.entry('up/passwd')).toBeUndefined();
  expect(tree.names('up')).toEqual([]);
  expect(tree.entry('one/file')).toBeUndefined();
  await rm(path.join(root, '..', `${path.basename(root)}.outside`));
});
