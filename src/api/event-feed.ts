/**
 * What all streams of events have in common: who reads the same events at the same time shares one look into the database
 * and the bytes that are sent. Two hundred pages cost little more than one.
 */
import type { Event } from '../model/event.ts';
import type { EventActions } from './actions.ts';

/** Read and written at once: what a slow reader holds in our memory at most. */
const batchSize = 200;

/** After a first event what follows is collected for so long: a storm is four batches a second to each reader. */
const restMs = 250;

interface EventBatch {
  /** As server-sent events (WHATWG HTML §9.2); empty when there is nothing. */
  readonly bytes: Uint8Array;
  /** Number of the last event in it; undefined when there is none. */
  readonly lastId: number | undefined;
  /** There may be more behind it. */
  readonly isFull: boolean;
}

export interface EventFeed {
  /** Those with a higher number, oldest first. */
  readonly after: (id: number) => Promise<EventBatch>;
  /** @param ring called for all readers in the same turn, when something has happened. @returns how to stop */
  readonly subscribe: (ring: () => void) => () => void;
}

/** One for all streams of a service. */
const feeds = new WeakMap<EventActions, EventFeed>();

export function feedOf(events: EventActions): EventFeed {
  const known = feeds.get(events) ?? { after: sharedBatches(events), subscribe: sharedBell(events) };
  feeds.set(events, known);
  return known;
}

interface Asked {
  /** Number of the newest event when it was read. */
  readonly newest: number;
  readonly batch: Promise<EventBatch>;
}

/** Readers that are not behind ask for the same; those that are, each for their own. */
const mostKept = 8;

function sharedBatches(events: EventActions): EventFeed['after'] {
  const kept = new Map<number, Asked>();
  return (id) => {
    const newest = events.lastId();
    const known = kept.get(id);
    if (known?.newest === newest) return known.batch;
    const batch = readBatch(events, id);
    kept.delete(id);
    kept.set(id, { newest, batch });
    const [oldest] = kept.keys();
    if (oldest !== undefined && kept.size > mostKept) kept.delete(oldest);
    // What could not be read is asked for again.
    batch.catch(() => kept.delete(id));
    return batch;
  };
}

async function readBatch(events: EventActions, id: number): Promise<EventBatch> {
  const batch = await events.after(id, batchSize);
  return {
    bytes: Buffer.from(batch.map(renderEvent).join('')),
    lastId: batch.at(-1)?.id,
    isFull: batch.length === batchSize,
  };
}

/** JSON holds no line break, so `data` is one line. */
function renderEvent(event: Event): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** The first event is told at once. All readers wake together, so that they go on asking for the same. */
function sharedBell(events: EventActions): EventFeed['subscribe'] {
  const readers = new Set<() => void>();
  let leave: (() => void) | undefined;
  let rest: NodeJS.Timeout | undefined;
  let hasNews = false;
  const tell = () => {
    hasNews = false;
    rest = setTimeout(() => {
      rest = undefined;
      if (hasNews) tell();
    }, restMs).unref();
    for (const ring of readers) ring();
  };
  const hear = () => {
    hasNews = true;
    if (rest === undefined) tell();
  };
  return (ring) => {
    readers.add(ring);
    leave ??= events.subscribe(hear);
    return () => {
      readers.delete(ring);
      if (readers.size > 0) return;
      leave?.();
      leave = undefined;
      clearTimeout(rest);
      rest = undefined;
      hasNews = false;
    };
  };
}
