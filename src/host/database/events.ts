/** What happened, from the table: read back by number, and told to listeners when it is on the disk. */
import type { Kysely, Selectable } from 'kysely';

import type { Event, NewEvent } from '../../model/event.ts';
import type { Commits } from './commits.ts';
import type { EventTable, Tables } from './tables.ts';

export type StampedEvent = Omit<Event, 'id'>;

export interface Events {
  /** For what changes no value. Resolves when it is on the disk. */
  readonly append: (events: readonly NewEvent[]) => Promise<void>;
  /** Those with a higher number, oldest first. */
  readonly after: (id: number, limit: number) => Promise<readonly Event[]>;
  /** Newest first, of these kinds; of one node where it is named. */
  readonly ofKinds: (kinds: readonly string[], node: string | undefined, limit: number) => Promise<readonly Event[]>;
  /** Number of the newest one on the disk; 0 when there never was one. */
  readonly lastId: () => number;
  /** Hears each event once it is on the disk, in order. @returns how to stop */
  readonly subscribe: (listener: (event: Event) => void) => () => void;
}

export function storedEvents(queries: Kysely<Tables>, commits: Commits, newestId: number): Events {
  const listeners = new Set<(event: Event) => void>();
  let lastId = newestId;
  commits.onEvents((events) => {
    lastId = events.at(-1)?.id ?? lastId;
    for (const event of events) for (const listener of listeners) listener(event);
  });
  return {
    append: (events) => commits.update(() => undefined, events),
    after: async (id, limit) => {
      const newer = queries.selectFrom('events').selectAll().where('id', '>', id);
      return (await newer.orderBy('id').limit(limit).execute()).map(toEvent);
    },
    ofKinds: async (kinds, node, limit) => {
      const all = queries.selectFrom('events').selectAll().where('kind', 'in', kinds);
      const own = node === undefined ? all : all.where('node', '=', node);
      return (await own.orderBy('id', 'desc').limit(limit).execute()).map(toEvent);
    },
    lastId: () => lastId,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export function stamp({ kind, node, fields = {} }: NewEvent, atMs: number): StampedEvent {
  const known = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { atMs, kind, ...(node !== undefined && { node }), fields: Object.fromEntries(known) };
}

export function toEvent({ id, at_ms: atMs, kind, node, fields }: Selectable<EventTable>): Event {
  // Written by `stamp` alone.
  const parsed = JSON.parse(fields) as Event['fields'];
  return { id, atMs, kind, ...(node !== null && { node }), fields: parsed };
}
