/** What is kept in memory and what lies in the file are the same, whatever happens in whatever order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import Sqlite from 'better-sqlite3';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { databaseFile, openDatabase, readStoredState, type Database } from '../../../src/host/database/open.ts';
import { rowTables } from '../../../src/host/database/tables.ts';
import { parseIpv4 } from '../../../src/model/ipv4.ts';
import { emptyState, type BootLog, type State } from '../../../src/model/state.ts';
import { seeBoards, type SeenBoard } from '../../../src/plan/state-changes.ts';
import { bootLogs, states } from '../../support/sample-state.ts';
import { sampleNodes } from '../../support/sample-view.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), 'database-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Step =
  | { readonly kind: 'state'; readonly value: State; readonly how: 'update' | 'amend' }
  | { readonly kind: 'boots'; readonly value: BootLog; readonly how: 'update' | 'amend' }
  /** One thing of the state before is taken over as the object that it is. */
  | { readonly kind: 'touch'; readonly index: number; readonly role: string }
  | { readonly kind: 'shuffle' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'reopen' };

const how = fc.constantFrom('update', 'amend');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('state'), value: states, how }),
    fc.record({ kind: fc.constant('boots'), value: bootLogs, how }),
    fc.record({ kind: fc.constant('touch'), index: fc.nat(9), role: fc.constantFrom('login', 'k3s') }),
    fc.record({ kind: fc.constant('shuffle') }),
    fc.record({ kind: fc.constant('flush') }),
    fc.record({ kind: fc.constant('reopen') }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 25 },
);

test('any sequence of updates, amendments and reopenings gives the values of a model in memory', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const stateDir = path.join(dir, String(run++));
      let database = await openDatabase(stateDir);
      let state = emptyState;
      let boots: BootLog = { boots: [] };
      const set = (change: (value: State) => State) => {
        state = change(state);
        return database.state.update(change);
      };
      for (const step of sequence) {
        if (step.kind === 'state') {
          state = step.value;
          await database.state[step.how](() => step.value);
        } else if (step.kind === 'boots') {
          boots = step.value;
          await database.boots[step.how](() => step.value);
        } else if (step.kind === 'touch') {
          const { index, role } = step;
          await set((value) => ({
            ...value,
            nodes: value.nodes.map((node, at) => (at === index ? { ...node, role } : node)),
          }));
        } else if (step.kind === 'shuffle') {
          await set((value) => ({ ...value, nodes: value.nodes.toReversed() }));
        } else if (step.kind === 'flush') {
          await database.flush();
          expect(await readStoredState(stateDir)).toEqual(state);
        } else {
          await database.close();
          database = await openDatabase(stateDir);
        }
        expect(database.state.current()).toEqual(state);
        expect(database.boots.current()).toEqual(boots);
      }
      await database.close();
      database = await openDatabase(stateDir);
      expect([database.state.current(), database.boots.current()]).toEqual([state, boots]);
      await database.close();
    }),
    { numRuns: 100 },
  );
});

/** Which rows are written from now on, seen from outside by triggers. */
function watchWrites(): { written: () => string[]; close: () => void } {
  const outside = new Sqlite(databaseFile(dir));
  outside.exec('CREATE TABLE writes (id INTEGER PRIMARY KEY, what TEXT)');
  for (const table of rowTables) {
    for (const [event, row] of [
      ['INSERT', 'new'],
      ['UPDATE', 'new'],
      ['DELETE', 'old'],
    ] as const) {
      outside.exec(`CREATE TRIGGER ${table}_${event} AFTER ${event} ON ${table}
        BEGIN INSERT INTO writes (what) VALUES ('${event} ${table} ' || ${row}.key); END`);
    }
  }
  const written = () => {
    const rows = outside.prepare('SELECT what FROM writes ORDER BY id').pluck().all() as string[];
    outside.exec('DELETE FROM writes');
    return rows;
  };
  return { written, close: () => void outside.close() };
}

async function withNodes(use: (database: Database, written: () => string[]) => Promise<void>): Promise<void> {
  const database = await openDatabase(dir);
  await database.state.update((state) => ({ ...state, nodes: [...sampleNodes()] }));
  const { written, close } = watchWrites();
  try {
    await use(database, written);
  } finally {
    close();
    await database.close();
  }
}

test('only rows that have changed are written', () =>
  withNodes(async ({ state, boots }, written) => {
    const setRole = (name: string, role: string) => (value: State) => ({
      ...value,
      nodes: value.nodes.map((node) => (node.name === name ? { ...node, role } : node)),
    });
    await state.update(setRole('node02', 'login'));
    expect(written()).toEqual(['UPDATE nodes node02']);

    await state.update((value) => ({ ...value, nodes: value.nodes.filter(({ name }) => name !== 'head') }));
    expect(written()).toEqual(['DELETE nodes head']);

    const [newest] = sampleNodes();
    const added = { ...newest, name: 'new' } as State['nodes'][number];
    await state.update((value) => ({ ...value, nodes: [...value.nodes, added], nextExportId: 2 }));
    expect(written()).toEqual(['INSERT nodes new', 'INSERT counters next_export_id']);

    // The same list once more, read from a file: equal, and other objects.
    await state.update((value) => ({ ...value, nodes: structuredClone(value.nodes) }));
    await boots.update((value) => value);
    expect(written()).toEqual([]);
  }));

test('an amendment of any value goes out with the next update of another', () =>
  withNodes(async ({ state, tokens }, written) => {
    const board = { mac: '02:00:00:00:00:01', address: parseIpv4('10.42.0.200') } as SeenBoard;
    state.amend((value) => seeBoards(value, [board], 1));
    expect(written()).toEqual([]);

    await Promise.all([
      state.update((value) => ({ ...value, learnedMacs: { login: board.mac } })),
      tokens.create('ci', 'read'),
    ]);
    expect(written().map((line) => line.split(' ')[1])).toEqual(['learned_macs', 'unknown_boards', 'tokens']);
  }));

test('two things under one key are a bug that stores nothing', () =>
  withNodes(async ({ state }, written) => {
    const before = state.current();
    await expect(state.update((value) => ({ ...value, nodes: [...value.nodes, ...value.nodes] }))).rejects.toThrow(
      'two rows with the key node01',
    );
    expect(state.current()).toBe(before);
    expect(written()).toEqual([]);
  }));
