/** State that lay in JSON files is taken over once, and never ignored. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openDatabase, readStoredState } from '../../../src/host/database/open.ts';
import { emptyState } from '../../../src/model/state.ts';
import { sampleNodes } from '../../support/sample-view.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), 'database-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const state = { ...emptyState, nodes: [...sampleNodes()], exportIds: { '/srv/a': 1 }, nextExportId: 2 };
const boot = {
  id: 'b1',
  node: 'node01',
  mac: '2c:cf:67:01:02:03',
  address: '10.42.0.11',
  generation: 'ab',
  startedAtMs: 1,
  tokenExpiresAtMs: 2,
  lastSeenMs: 3,
  files: 4,
  bytes: 5,
  phases: [],
};
const put = (name: string, value: unknown) => writeFileSync(path.join(dir, name), JSON.stringify(value));
const isThere = (name: string) => existsSync(path.join(dir, name));

test('nodes, export ids and boots are taken over, and the files put aside', async () => {
  put('state.json', { format: 1, ...state });
  put('boots.json', { format: 1, boots: [boot] });
  expect(await readStoredState(dir)).toEqual(state);

  for (const round of ['taken over', 'opened again']) {
    const database = await openDatabase(dir);
    expect([round, database.state.current(), database.boots.current()]).toEqual([round, state, { boots: [boot] }]);
    await database.close();
  }
  expect(['state.json', 'boots.json'].map(isThere)).toEqual([false, false]);
  expect(['state.json.imported', 'boots.json.imported'].map(isThere)).toEqual([true, true]);
  expect(await readStoredState(dir)).toEqual(state);
});

test('a file that cannot be read stops the start, and is read when it is repaired', async () => {
  put('state.json', { format: 1, ...state, nodes: [{ name: 'UPPER' }] });
  await expect(openDatabase(dir)).rejects.toThrow(/state\.json is damaged: nodes\.0\.name/);
  expect(isThere('state.json')).toBe(true);

  put('state.json', { format: 1, ...state });
  const database = await openDatabase(dir);
  expect(database.state.current()).toEqual(state);
  await database.close();
});

test('beside a database that holds something it is refused, not ignored', async () => {
  const database = await openDatabase(dir);
  await database.state.update((current) => ({ ...current, nextExportId: 9 }));
  await database.close();
  put('state.json', { format: 1, ...state });

  await expect(openDatabase(dir)).rejects.toMatchObject({
    message: `${dir}/state.json would be ignored: state lies in ${dir}/state.db`,
    hint: `Move it away when it is old: "mv ${dir}/state.json /root/".`,
  });
  expect(readFileSync(path.join(dir, 'state.json'), 'utf8')).toBe(JSON.stringify({ format: 1, ...state }));
});
