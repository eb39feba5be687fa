/** state.db as a file: how it is opened, and what it refuses. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { connectToWrite, databaseError } from '../../../src/host/database/connection.ts';
import { migrate, migrations } from '../../../src/host/database/migrate.ts';
import { databaseFile, openDatabase, readStoredState } from '../../../src/host/database/open.ts';
import { hashToken } from '../../../src/host/database/tokens.ts';
import { keptEvents } from '../../../src/host/database/writer.ts';
import { emptyState } from '../../../src/model/state.ts';
import { sampleNodes } from '../../support/sample-view.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'database-'));
  file = databaseFile(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function fill(): Promise<void> {
  const database = await openDatabase(dir);
  await database.state.update((state) => ({ ...state, nodes: [...sampleNodes()] }));
  await database.close();
}

test('a commit waits for the disk, also when the file is opened again', () => {
  for (const round of ['made', 'opened again', 'opened once more']) {
    const connection = connectToWrite(file);
    const settings = ['journal_mode', 'synchronous', 'foreign_keys'].map((name) =>
      connection.pragma(name, { simple: true }),
    );
    expect([round, ...settings]).toEqual([round, 'wal', 2, 1]);
    connection.close();
  }
  // What makes it necessary: SQLite alone takes NORMAL.
  const plain = new Sqlite(file);
  expect(plain.pragma('synchronous', { simple: true })).toBe(1);
  plain.close();
});

test('all its files are readable by their owner only', async () => {
  const database = await openDatabase(dir);
  await database.state.update((state) => ({ ...state, nextExportId: 2 }));

  for (const name of ['state.db', 'state.db-wal', 'state.db-shm']) {
    expect([name, statSync(path.join(dir, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
  await database.close();
});

test.each([
  [
    'text',
    () => writeFileSync(file, 'this is not a database, it is a sentence of a hundred characters or more '.repeat(9)),
  ],
  ['zeros in the middle', () => writeFileSync(file, readFileSync(file).fill(0, 4096, 12_288))],
  ['cut off', () => truncateSync(file, 8192)],
])('a damaged file (%s) is named and left alone', async (_how, damage) => {
  await fill();
  damage();
  const bytes = readFileSync(file);

  await expect(openDatabase(dir)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringContaining(`${file} is damaged`) as string,
  });

  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test('a row that is not what its schema says is named', async () => {
  await fill();
  const editor = new Sqlite(file);
  editor.exec(`UPDATE nodes SET document = json_set(document, '$.board', 'pi9') WHERE key = 'node01'`);
  editor.close();

  await expect(openDatabase(dir)).rejects.toThrow(/state\.db is damaged: nodes\.0\.board: /);
  await expect(readStoredState(dir)).rejects.toThrow(/state\.db is damaged: nodes\.0\.board: /);
});

test('a file of a newer pi-image is refused and left alone', async () => {
  await fill();
  const newer = new Sqlite(file);
  newer.pragma(`user_version = ${migrations.length + 1}`);
  newer.close();

  await expect(openDatabase(dir)).rejects.toThrow(
    `was written by a newer pi-image (schema ${migrations.length + 1}, this one knows ${migrations.length})`,
  );
  await expect(readStoredState(dir)).rejects.toThrow('newer pi-image');
});

test('a newer schema takes over what is there, step by step; a step that fails changes nothing', async () => {
  await fill();
  const connection = connectToWrite(file);
  const add = 'ALTER TABLE nodes ADD COLUMN note TEXT;';

  expect(() => migrate(connection, file, [...migrations, `${add} UPDATE nodes SET nothing = 1;`])).toThrow('nothing');
  expect(connection.pragma('user_version', { simple: true })).toBe(migrations.length);
  migrate(connection, file, [...migrations, add]);

  expect(connection.prepare('SELECT count(note), count(*) FROM nodes').raw().get()).toEqual([0, 4]);
  expect(connection.pragma('user_version', { simple: true })).toBe(migrations.length + 1);
  connection.close();
});

test('a reader sees what is committed, makes no file, and needs no lock', async () => {
  expect(await readStoredState(dir)).toEqual(emptyState);
  expect(existsSync(file)).toBe(false);

  const database = await openDatabase(dir);
  await database.state.update((state) => ({ ...state, nextExportId: 5 }));
  database.state.amend((state) => ({ ...state, nextExportId: 6 }));
  expect((await readStoredState(dir)).nextExportId).toBe(5);
  await database.close();
  expect((await readStoredState(dir)).nextExportId).toBe(6);
});

test('what a person sees with sqlite3', async () => {
  await fill();
  const shell = new Sqlite(file, { readonly: true });
  expect(shell.prepare(`SELECT key, role, board, address FROM nodes WHERE role = 'controller'`).raw().all()).toEqual([
    ['head', 'controller', 'pi4', '10.42.0.10'],
  ]);
  shell.close();
});

test.each([
  ['SQLITE_FULL', 'cannot write'],
  ['SQLITE_IOERR_FSYNC', 'cannot write'],
  ['SQLITE_CANTOPEN', 'cannot open'],
  ['EACCES', 'cannot open'],
  ['SQLITE_BUSY', 'is locked by another program'],
  ['ERR_DLOPEN_FAILED', 'SQLite is not compiled for Node'],
])('%s is told with what to do', (code, message) => {
  const told = databaseError(file, Object.assign(new Error('reason'), { code }));
  expect(told).toMatchObject({
    name: 'HostError',
    message: expect.stringContaining(message) as string,
    hint: expect.any(String) as string,
  });
});

test('a bug stays a bug', () => {
  const bug = new TypeError('undefined is not a function');
  expect(databaseError(file, bug)).toBe(bug);
});

test('events: numbered without gaps over restarts, and the last of them are kept', async () => {
  let nowMs = 1000;
  const first = await openDatabase(dir, () => nowMs++);
  await first.events.append(Array.from({ length: keptEvents }, (_, index) => ({ kind: 'old', fields: { index } })));
  await first.close();

  const database = await openDatabase(dir, () => nowMs++);
  expect(database.events.lastId()).toBe(keptEvents);
  await database.events.append([{ kind: 'new', node: 'node01' }]);

  const [oldest] = await database.events.after(0, 1);
  const [newest, ...none] = await database.events.after(keptEvents, 10);
  expect(oldest).toEqual({ id: 2, atMs: 1001, kind: 'old', fields: { index: 1 } });
  expect(newest).toEqual({ id: keptEvents + 1, atMs: 1000 + keptEvents, kind: 'new', node: 'node01', fields: {} });
  expect(none).toEqual([]);
  await database.close();
});

test('a token that has expired is found and not used; a new one of its name takes its place', async () => {
  let nowMs = 1_800_000_000_000;
  const database = await openDatabase(dir, () => nowMs);
  const { token, secret } = await database.tokens.create('ci', 'operate', { expiresAtMs: nowMs + 1000, by: 'socket' });
  nowMs += 1000;

  expect(database.tokens.find(hashToken(secret))).toEqual(token);
  expect(database.tokens.list()).toEqual([token]);
  const next = await database.tokens.create('ci', 'read');
  await database.close();

  const later = await openDatabase(dir, () => nowMs);
  expect(later.tokens.list()).toEqual([next.token]);
  expect(later.tokens.find(hashToken(secret))).toBeUndefined();
  await later.close();
});

test('a token is found by its hash, and only the hash is kept', async () => {
  let nowMs = 1_800_000_000_000;
  const database = await openDatabase(dir, () => nowMs);
  const { token, secret } = await database.tokens.create('ci', 'operate');
  const other = await database.tokens.create('laptop', 'admin');

  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(database.tokens.find(hashToken(secret))).toEqual({ ...token, sha256: hashToken(secret) });
  expect(database.tokens.find(hashToken(`${secret}x`))).toBeUndefined();
  expect(database.tokens.find(hashToken(''))).toBeUndefined();
  nowMs += 59_999;
  database.tokens.find(hashToken(secret));
  expect(database.tokens.list()[0]?.lastUsedAtMs).toBe(1_800_000_000_000);
  nowMs += 1;
  database.tokens.find(hashToken(secret));
  await database.close();

  for (const name of ['state.db', 'state.db-wal']) {
    if (existsSync(path.join(dir, name))) expect(readFileSync(path.join(dir, name)).includes(secret)).toBe(false);
  }
  const later = await openDatabase(dir, () => nowMs);
  expect(later.tokens.list()).toEqual([{ ...token, lastUsedAtMs: nowMs }, other.token]);
  expect(await later.tokens.revoke(token.id)).toMatchObject({ name: 'ci' });
  expect(await later.tokens.revoke(token.id)).toBeUndefined();
  expect(later.tokens.find(hashToken(secret))).toBeUndefined();
  await later.close();
});

test('a copy that was made while it was closed is a backup', async () => {
  await fill();
  copyFileSync(file, `${file}.backup`);
  rmSync(file);
  copyFileSync(`${file}.backup`, file);

  expect((await readStoredState(dir)).nodes).toEqual(sampleNodes());
});
