/** Server-sent events (WHATWG HTML §9.2): what is on the disk, in order, each once, for as long as the reader listens. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

import { ConfigError } from '../model/errors.ts';
import type { EventActions } from './actions.ts';
import { feedOf } from './event-feed.ts';

export interface EventStream {
  readonly events: EventActions;
  /** Number of the last event that the reader has; undefined: it wants what comes from now on. */
  readonly after: number | undefined;
  readonly to: ServerResponse;
  readonly isStillAllowed: () => boolean;
  /** Aborted when the service ends. */
  readonly signal: AbortSignal;
  readonly heartbeatMs?: number;
}

/** Shorter than the silence after which proxies close a connection. */
const defaultHeartbeatMs = 15_000;
const stillHere = Buffer.from(': still here\n\n');

/** @throws ConfigError */
export function readLastEventId(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ConfigError(`Last-Event-ID "${text}" is not the number of an event`, {
    hint: 'Send the id of the last event you have, or 0 for all that are kept.',
  });
}

/** Resolves when it is over. The database is the queue, so a slow reader loses nothing and holds no memory. */
export async function streamEvents(stream: EventStream): Promise<void> {
  const { events, to, signal } = stream;
  const gone = new AbortController();
  const bell = makeBell();
  const end = () => {
    gone.abort();
    bell.ring();
    // At once: the server closes all connections in this turn, and the reader is to see an end, not a break.
    to.end();
  };
  const unsubscribe = feedOf(events).subscribe(bell.ring);
  to.on('close', end);
  signal.addEventListener('abort', end, { once: true });
  try {
    to.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }).flushHeaders();
    await pump(stream, bell, gone.signal);
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', end);
    to.end();
  }
}

async function pump(
  { events, after, to, isStillAllowed, heartbeatMs = defaultHeartbeatMs }: EventStream,
  bell: Bell,
  gone: AbortSignal,
): Promise<void> {
  const feed = feedOf(events);
  let last = after ?? events.lastId();
  while (!gone.aborted && isStillAllowed()) {
    const { bytes, lastId = last, isFull } = await feed.after(last);
    last = lastId;
    await write(to, bytes, gone);
    if (isFull) continue;
    const isRung = await bell.wait(heartbeatMs);
    if (!isRung) await write(to, stillHere, gone);
  }
}

async function write(to: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (bytes.length === 0 || signal.aborted || to.write(bytes)) return;
  await once(to, 'drain', { signal }).catch(() => undefined);
}

interface Bell {
  readonly ring: () => void;
  /** @returns false when nobody rang in that time */
  readonly wait: (timeoutMs: number) => Promise<boolean>;
}

/** A ring before the wait counts: what happened while a batch was written is not slept over. */
function makeBell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    wait: async (timeoutMs) => {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const answer = isRung;
      isRung = false;
      return answer;
    },
  };
}
