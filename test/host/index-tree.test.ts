/** The index of a real tree; capabilities and devices need root and are in test/peers/store.test.ts. */
import { chmod, link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { readTreeIndex, writeIndex } from '../../src/host/index-file.ts';
import { indexTree } from '../../src/host/index-tree.ts';
import { parseXattrs } from '../../src/host/xattrs.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'index-'));
});
afterEach(() => rm(dir, { recursive: true }));

const signal = new AbortController().signal;
const ofHello = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03';

async function makeTree(): Promise<string> {
  const root = path.join(dir, 'root');
  await mkdir(path.join(root, 'etc'), { recursive: true });
  await writeFile(path.join(root, 'etc/hello'), 'hello\n');
  await chmod(path.join(root, 'etc/hello'), 0o640);
  await utimes(path.join(root, 'etc/hello'), 5, 5.9);
  await link(path.join(root, 'etc/hello'), path.join(root, 'etc/again'));
  await symlink('etc/hello', path.join(root, 'to-hello'));
  return root;
}

test('attributes, digests, links and names of one file are in it', async () => {
  const { entries } = await indexTree(await makeTree(), { signal });

  const { uid, gid } =
    process.getuid === undefined ? { uid: 0, gid: 0 } : { uid: process.getuid(), gid: process.getgid?.() };
  const file = { kind: 'file', mode: 0o640, uid, gid, time: 5, bytes: 6, sha256: ofHello, group: 0 };
  expect(entries).toMatchObject([
    { kind: 'folder', path: '.' },
    { kind: 'folder', path: 'etc' },
    { ...file, path: 'etc/again' },
    { ...file, path: 'etc/hello' },
    { kind: 'link', path: 'to-hello', target: 'etc/hello' },
  ]);
});

test('a file that is known is not read', async () => {
  const root = await makeTree();
  await chmod(path.join(root, 'etc/hello'), 0);

  const { entries } = await indexTree(root, { signal, known: () => 'f'.repeat(64) });

  expect(entries.filter(({ kind }) => kind === 'file')).toMatchObject([
    { sha256: 'f'.repeat(64) },
    { sha256: 'f'.repeat(64) },
  ]);
});

test('a second name outside of the tree makes no group', async () => {
  const root = await makeTree();
  await link(path.join(root, 'etc/hello'), path.join(dir, 'outside'));
  await rm(path.join(root, 'etc/again'));

  const { entries } = await indexTree(root, { signal });

  expect(entries.find(({ kind }) => kind === 'file')).not.toHaveProperty('group');
});

test('an index is read back as it was, has one digest for one tree, and is refused when it was changed', async () => {
  const index = { format: 1, entries: (await indexTree(await makeTree(), { signal })).entries } as const;
  const file = path.join(dir, 'index.json.gz');

  const digest = await writeIndex(file, { ...index, entries: [...index.entries] });

  expect(await readTreeIndex(file, digest)).toEqual(index);
  expect(await writeIndex(path.join(dir, 'other'), { ...index, entries: [...index.entries] })).toBe(digest);
  await expect(readTreeIndex(file, '0'.repeat(64))).rejects.toThrow(/not what was written/);
  await writeFile(file, 'torn');
  await expect(readTreeIndex(file)).rejects.toThrow(/index\.json\.gz is damaged/);
  expect(await readTreeIndex(path.join(dir, 'none'))).toBeUndefined();
});

test('attributes of a security module and of overlayfs are left out, names are unescaped', () => {
  const text = [
    String.raw`# file: a\012b\303\251`,
    'security.capability=0x0100000200040000',
    'security.selinux=0x00',
    'trusted.overlay.origin=0x00',
    '',
    '# file: c',
    'trusted.overlay.opaque=0x79',
    '',
    '# file: d',
    'trusted.overlay.uuid=0x11',
    '',
  ].join('\n');

  expect(Object.fromEntries(parseXattrs(text))).toEqual({
    'a\nbé': { 'security.capability': '0100000200040000' },
    c: { 'trusted.overlay.opaque': '79' },
  });
});
