/** Writes one batch in one transaction: all of it is on the disk when the promise resolves, or none of it ever will be. */
import { sql, type Kysely } from 'kysely';

import type { Event } from '../../model/event.ts';
import { toEvent, type StampedEvent } from './events.ts';
import type { RowChanges } from './rows.ts';
import type { Tables } from './tables.ts';

export interface Batch {
  readonly rows: readonly RowChanges[];
  readonly events: readonly StampedEvent[];
}

/** @returns the events with their numbers */
export type WriteBatch = (batch: Batch) => Promise<readonly Event[]>;

/** SQLite takes 32,766 values in one statement. */
const rowsPerStatement = 1000;

/** How many events are kept to look back at. */
export const keptEvents = 100_000;

export function batchWriter(queries: Kysely<Tables>): WriteBatch {
  return ({ rows, events }) =>
    queries.connection().execute(async (connection) => {
      await sql`BEGIN IMMEDIATE`.execute(connection);
      try {
        for (const changes of rows) await writeRows(connection, changes);
        const written = await writeEvents(connection, events);
        await sql`COMMIT`.execute(connection);
        return written;
      } catch (error) {
        // SQLite has rolled back by itself after some failures, a full disk among them: then this one says so.
        await sql`ROLLBACK`.execute(connection).catch(() => undefined);
        throw error;
      }
    });
}

async function writeRows(queries: Kysely<Tables>, { table, put, remove }: RowChanges): Promise<void> {
  for (const keys of chunks(remove)) await queries.deleteFrom(table).where('key', 'in', keys).execute();
  for (const rows of chunks(put.map(({ row }) => row))) {
    await queries
      .insertInto(table)
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({
          position: eb.ref('excluded.position'),
          document: eb.ref('excluded.document'),
        })),
      )
      .execute();
  }
}

async function writeEvents(queries: Kysely<Tables>, events: readonly StampedEvent[]): Promise<Event[]> {
  const written: Event[] = [];
  for (const some of chunks(events)) {
    const values = some.map(({ atMs, kind, node, fields }) => {
      return { at_ms: atMs, kind, node: node ?? null, fields: JSON.stringify(fields) };
    });
    const rows = await queries.insertInto('events').values(values).returningAll().execute();
    written.push(...rows.map(toEvent));
  }
  const last = written.at(-1)?.id ?? 0;
  if (last > keptEvents)
    await queries
      .deleteFrom('events')
      .where('id', '<=', last - keptEvents)
      .execute();
  return written;
}

function chunks<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / rowsPerStatement);
  return Array.from({ length: count }, (_, at) => items.slice(at * rowsPerStatement, (at + 1) * rowsPerStatement));
}
