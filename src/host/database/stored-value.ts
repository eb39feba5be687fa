/** A value that is kept in memory and stored as rows: what changes is written, and nothing else. */
import type { Kysely } from 'kysely';

import type { NewEvent } from '../../model/event.ts';
import type { Schema } from '../json-file.ts';
import type { Commits } from './commits.ts';
import { damaged } from './connection.ts';
import { RowSet } from './rows.ts';
import type { Entry, Part, Parts } from './stored-parts.ts';
import type { Row, Tables } from './tables.ts';

export interface StoredValue<T> {
  /** With all changes that were asked for, also those still on their way to the disk. */
  readonly current: () => T;
  /**
   * Resolves when the change is on the disk, the events in the same transaction. When it cannot be written both are
   * taken back, and the promise rejects. A part of the value that stays the same object costs nothing.
   */
  readonly update: (change: (value: T) => T, events?: readonly NewEvent[]) => Promise<void>;
  /** Changes the value now; it reaches the disk with the next update or within a second. */
  readonly amend: (change: (value: T) => T, events?: readonly NewEvent[]) => void;
  /** Writes what is amended and waits for all writes. */
  readonly flush: () => Promise<void>;
  /** Called in the turn in which the value has become another one, also when a change was taken back. */
  readonly onChange: (listener: () => void) => void;
}

export interface Stored<T> {
  readonly value: T;
  /** By field. */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
}

export interface ValueKind<T> {
  readonly parts: Parts<T>;
  readonly schema: Schema<T>;
}

/** @throws ConfigError that names file and row when a document is not what the schema says */
export async function readValue<T extends object>(
  queries: Kysely<Tables>,
  { parts, schema }: ValueKind<T>,
  file: string,
): Promise<Stored<T>> {
  const rows = new Map<string, readonly Row[]>();
  const input: Record<string, unknown> = {};
  for (const [field, part] of partsOf(parts)) {
    const { table } = part;
    const found = await queries.selectFrom(table).select(['key', 'position', 'document']).orderBy('position').execute();
    rows.set(field, found);
    input[field] = part.assemble(found.map(({ key, document }): Entry => [key, JSON.parse(document)]));
  }
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data, rows };
  const [issue] = result.error.issues;
  throw damaged(file, `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`);
}

export function storedValue<T extends object>(stored: Stored<T>, parts: Parts<T>, commits: Commits): StoredValue<T> {
  let committed = stored.value;
  let current = stored.value;
  const sets = partsOf(parts).map(([field, part]) => {
    const items = new Map(part.entries(stored.value[field]));
    return { field, part, set: new RowSet(part.table, stored.rows.get(field) ?? [], items) };
  });
  const listeners: (() => void)[] = [];
  const become = (value: T) => {
    if (value === current) return;
    current = value;
    for (const listener of listeners) listener();
  };
  commits.join({
    take: () => {
      const value = current;
      const changed = sets.filter(({ field }) => value[field] !== committed[field]);
      const changes = changed.map(({ field, part, set }) => ({ set, rows: set.changes(part.entries(value[field])) }));
      const accept = () => {
        for (const { set, rows } of changes) set.accept(rows);
        committed = value;
      };
      return { rows: changes.map(({ rows }) => rows), accept };
    },
    revert: () => become(committed),
  });
  const applied = (change: (value: T) => T) => () => become(change(current));
  return {
    current: () => current,
    update: (change, events) => commits.update(applied(change), events),
    amend: (change, events) => commits.amend(applied(change), events),
    flush: () => commits.flush(),
    onChange: (listener) => void listeners.push(listener),
  };
}

/** `Parts<T>` has a part for every field of T; Object.entries alone does not know. */
function partsOf<T>(parts: Parts<T>): [keyof T & string, Part<T[keyof T]>][] {
  return Object.entries(parts) as [keyof T & string, Part<T[keyof T]>][];
}
