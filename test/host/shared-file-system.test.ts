import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import { onFileSystemOf } from '../../src/host/nfs/shared-file-system.ts';

test('only a tree on the same file system is named', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'fs-'));

  expect(await onFileSystemOf(dir, [dir, '/proc', path.join(dir, 'none')])).toEqual([dir]);
  expect(await onFileSystemOf(path.join(dir, 'none'), [dir])).toEqual([]);

  await rm(dir, { recursive: true });
});
