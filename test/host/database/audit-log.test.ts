/** The audit log as a table: in order, over restarts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openDatabase } from '../../../src/host/database/open.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const entry = (by: string) => ({ by, from: 'socket', action: 'addNode', request: 'POST /api/v1/nodes', status: 201 });

test('entries are there after a restart, newest first, by who and before which', async () => {
  const before = await openDatabase(dir, () => 5);
  for (const by of ['a', 'b', 'a']) await before.audit.append(entry(by));
  await before.close();

  const { audit, close } = await openDatabase(dir);
  const ids = async (query: object) => (await audit.list({ limit: 10, ...query })).map(({ id }) => id);
  expect(await audit.list({ limit: 1 })).toEqual([{ id: 3, atMs: 5, ...entry('a') }]);
  expect(await ids({})).toEqual([3, 2, 1]);
  expect(await ids({ by: 'a' })).toEqual([3, 1]);
  expect(await ids({ before: 3 })).toEqual([2, 1]);
  expect(await ids({ limit: 2 })).toEqual([3, 2]);
  await close();
});

test('a number is given once, also after a restart', async () => {
  const before = await openDatabase(dir);
  await before.audit.append({ ...entry('a'), body: '{"name":"x"}', reason: 'not now' });
  await before.close();

  const { audit, close } = await openDatabase(dir);
  await audit.append(entry('b'));
  expect((await audit.list({ limit: 5 })).map(({ id, by, reason }) => [id, by, reason])).toEqual([
    [2, 'b', undefined],
    [1, 'a', 'not now'],
  ]);
  await close();
});
