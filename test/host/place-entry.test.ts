import { lstatSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { finishFolders, makeFolder, placeIn } from '../../src/host/place-entry.ts';
import type { IndexEntry } from '../../src/model/tree-index.ts';

let root: string;
beforeEach(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'place-')), 'root');
});
afterEach(() => rm(path.dirname(root), { recursive: true }));

const folder = (name: string, mode: number): IndexEntry => ({
  kind: 'folder',
  path: name,
  mode,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  time: 1_000_000_000,
});
const modeOf = (name: string) => lstatSync(placeIn(root, name)).mode & 0o7777;

test.each([0o022, 0o077, 0o000])('folders have their modes whatever the mask is: %o', async (mask) => {
  const folders = [folder('.', 0o755), folder('tmp', 0o1777), folder('var', 0o2775), folder('var/mail', 0o755)];
  const before = process.umask(mask);
  try {
    for (const each of folders) {
      makeFolder(each, placeIn(root, each.path));
      expect(modeOf('.')).toBe(0o700);
    }
    await finishFolders(folders, root, new AbortController().signal);
  } finally {
    process.umask(before);
  }

  expect(folders.map(({ path: name }) => modeOf(name))).toEqual([0o755, 0o1777, 0o2775, 0o755]);
  expect(folders.map(({ path: name }) => lstatSync(placeIn(root, name)).mtimeMs / 1000)).toEqual(
    folders.map(({ time }) => time),
  );
});
