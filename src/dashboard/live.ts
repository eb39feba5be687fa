/** The stream that keeps the page current: read, taken together a few times a second, begun again where it broke. */
import type { ClusterNews } from '../api/schemas/watch.ts';
import type { Event } from '../model/event.ts';
import { AskError, type Service } from './ask.ts';
import { createSseReader, type SseFrame } from './sse.ts';

export type Connection = 'connecting' | 'live' | 'lost';

export interface Listener {
  readonly connection: (state: Connection) => void;
  /** What came in the last quarter of a second. */
  readonly batch: (news: readonly ClusterNews[], events: readonly Event[]) => void;
  /** The token is no good (any more). */
  readonly refused: (error: AskError) => void;
}

/** A storm of events is four pictures a second. */
const batchMs = 250;
const firstRetryMs = 500;
const longestRetryMs = 10_000;
/** The service says something every 15 s. */
const silenceMs = 40_000;

/** Until the signal aborts. */
export async function follow(service: Service, listener: Listener, signal: AbortSignal): Promise<void> {
  const inbox = createInbox(listener, signal);
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    try {
      await readStream(service, inbox, signal, () => {
        retryMs = firstRetryMs;
        listener.connection('live');
      });
    } catch (error) {
      if (error instanceof AskError && (error.status === 401 || error.status === 403)) return listener.refused(error);
    }
    if (signal.aborted) return;
    listener.connection('lost');
    await pause(retryMs, signal);
    retryMs = Math.min(longestRetryMs, retryMs * 2);
    listener.connection('connecting');
  }
}

async function readStream(service: Service, inbox: Inbox, signal: AbortSignal, begun: () => void): Promise<void> {
  const dead = new AbortController();
  const either = AbortSignal.any([signal, dead.signal]);
  let watchdog = setTimeout(() => dead.abort(), silenceMs);
  try {
    const reader = (await service.stream('/watch', inbox.lastId(), either)).getReader();
    begun();
    const frames = createSseReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => dead.abort(), silenceMs);
      for (const frame of frames.push(decoder.decode(value, { stream: true }))) inbox.take(frame);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

interface Inbox {
  readonly take: (frame: SseFrame) => void;
  /** Where the stream goes on after a break. */
  readonly lastId: () => number | undefined;
}

/** The first news are shown at once, what follows is collected. */
function createInbox(listener: Listener, signal: AbortSignal): Inbox {
  let news: ClusterNews[] = [];
  let events: Event[] = [];
  let last: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isFirst = true;
  const deliver = () => {
    timer = undefined;
    if (signal.aborted) return;
    const batch = [news, events] as const;
    news = [];
    events = [];
    listener.batch(...batch);
  };
  return {
    take: ({ event, id, data }) => {
      if (event === 'cluster') news.push(JSON.parse(data) as ClusterNews);
      else events.push(JSON.parse(data) as Event);
      last = id ?? last;
      timer ??= setTimeout(deliver, isFirst ? 0 : batchMs);
      isFirst = false;
    },
    lastId: () => last,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
