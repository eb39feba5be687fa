/** A commit that fails takes back what it was to write, tells those who wait, and harms nothing that comes later. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { connectToWrite, type Connection } from '../../../src/host/database/connection.ts';
import { migrate } from '../../../src/host/database/migrate.ts';
import { databaseFile, openDatabase, openStored, type Database } from '../../../src/host/database/open.ts';
import type { Event } from '../../../src/model/event.ts';
import type { State } from '../../../src/model/state.ts';

let dir: string;
let connection: Connection;
let database: Database;
beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'database-'));
  const file = databaseFile(dir);
  connection = connectToWrite(file);
  migrate(connection, file);
  database = await openStored(connection, file, Date.now);
});
afterEach(async () => {
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

/** From here on the file cannot grow: what SQLite says on a full disk. */
function fillDisk(): void {
  const pages = Number(connection.pragma('page_count', { simple: true }));
  connection.pragma(`max_page_count = ${pages}`);
}
const freeDisk = () => void connection.pragma('max_page_count = 1000000');

const learn = (node: string) => (state: State) => {
  return { ...state, learnedMacs: { ...state.learnedMacs, [node]: '02:00:00:00:00:01' } } as State;
};
const allocate = (tree: string) => (state: State) => ({ ...state, exportIds: { ...state.exportIds, [tree]: 1 } });
/** More than a page can hold. */
const big = (letter: string) => `/${letter.repeat(100_000)}`;

async function onDisk(): Promise<{ state: State; events: readonly Event[] }> {
  const other = await openDatabase(dir);
  const state = other.state.current();
  const events = await other.events.after(0, 100);
  await other.close();
  return { state, events };
}

test('a full disk: the updates of that turn are taken back, of all values, and later ones work', async () => {
  await database.state.update(learn('before'), [{ kind: 'node.mac-learned', node: 'before' }]);
  const before = database.state.current();
  fillDisk();

  const failed = await Promise.allSettled([
    database.state.update(allocate(big('a')), [{ kind: 'lost' }]),
    database.state.update(learn('beside')),
    database.tokens.create('ci', 'read'),
    database.events.append([{ kind: 'lost' }]),
  ]);

  for (const each of failed) {
    expect(each).toMatchObject({ status: 'rejected', reason: { name: 'HostError' } });
    expect(each).toMatchObject({ reason: { message: `cannot write ${databaseFile(dir)}: database or disk is full` } });
  }
  expect(database.state.current()).toBe(before);
  expect(database.tokens.list()).toEqual([]);
  expect((await onDisk()).state).toEqual(before);

  freeDisk();
  await database.state.update(learn('after'));
  await database.tokens.create('ci', 'read');
  const now = await onDisk();
  expect(now.state).toEqual(database.state.current());
  expect(Object.keys(now.state.learnedMacs)).toEqual(['before', 'after']);
  expect(now.events.map(({ kind }) => kind)).toEqual(['node.mac-learned', 'token.created']);
});

test('what nobody waits for is kept, and goes out when there is room again', async () => {
  fillDisk();
  database.state.amend(learn('amended'), [{ kind: 'amended' }]);
  await expect(database.state.update(allocate(big('a')))).rejects.toThrow('full');
  expect(database.state.current()).toMatchObject({ exportIds: {}, learnedMacs: { amended: '02:00:00:00:00:01' } });

  freeDisk();
  await database.flush();

  const { state, events } = await onDisk();
  expect(state).toEqual(database.state.current());
  expect(events.map(({ kind }) => kind)).toEqual(['amended']);
});

test('what stood on a change that was taken back is taken back with it', async () => {
  fillDisk();
  const first = database.state.update(allocate(big('a')));
  database.state.amend((state) => {
    if (state.exportIds[big('a')] === undefined) throw new Error('no such export');
    return { ...state, nextExportId: 2 };
  });

  await expect(first).rejects.toThrow('full');
  expect(database.state.current()).toMatchObject({ exportIds: {}, nextExportId: 1 });
});

test('one statement that fails in the middle leaves nothing of its transaction', async () => {
  const outside = new Sqlite(databaseFile(dir));
  outside.exec(`CREATE TRIGGER refuse BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'not this one'); END`);

  const [state, token] = await Promise.allSettled([
    database.state.update(learn('beside')),
    database.tokens.create('ci', 'read'),
  ]);
  expect([state, token]).toMatchObject([
    { reason: { message: 'not this one' } },
    { reason: { message: 'not this one' } },
  ]);
  expect((await onDisk()).state.learnedMacs).toEqual({});

  outside.exec('DROP TRIGGER refuse');
  outside.close();
  await database.state.update(learn('after'));
  expect((await onDisk()).state.learnedMacs).toEqual({ after: '02:00:00:00:00:01' });
});

test('a listener hears what is on the disk, and nothing of what failed', async () => {
  const heard: Event[] = [];
  const stop = database.events.subscribe((event) => void heard.push(event));
  await database.state.update(learn('one'), [{ kind: 'first', node: 'one', fields: { mac: 'x', missing: undefined } }]);
  fillDisk();
  await expect(database.state.update(allocate(big('a')), [{ kind: 'lost' }])).rejects.toThrow('full');
  freeDisk();
  await database.events.append([{ kind: 'second' }, { kind: 'third' }]);
  stop();
  await database.events.append([{ kind: 'fourth' }]);

  expect(heard.map(({ kind }) => kind)).toEqual(['first', 'second', 'third']);
  expect(heard[0]).toEqual({
    id: 1,
    atMs: expect.any(Number) as number,
    kind: 'first',
    node: 'one',
    fields: { mac: 'x' },
  });
  expect(await database.events.after(0, 3)).toEqual(heard);
  expect(database.events.lastId()).toBe(heard.length + 1);
});
