/** Rings when something has happened at the service: by its stream of events where there is one, else every second. */
import { setTimeout as sleep } from 'node:timers/promises';

import { requestStream, type ApiServer } from './api-client.ts';

export interface EventBell {
  /** Resolves when it is time to look again; at once when something happened since the last time, and when it is over. */
  readonly wait: () => Promise<void>;
}

const pollMs = 1000;
/** With events: heartbeats and ages change without one. */
const idleMs = 5000;
/** A storm of events is one look. */
const restMs = 200;
const reconnectMs = 5000;

export function ringOnEvents(server: ApiServer, signal: AbortSignal): EventBell {
  let isConnected = false;
  let isRung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    isRung = true;
    wake?.();
  };
  const follow = async () => {
    while (!signal.aborted) {
      const stream = await requestStream(server, '/events', signal);
      isConnected = stream !== undefined;
      // What happened while nobody listened.
      ring();
      await listen(stream, ring);
      isConnected = false;
      await sleep(reconnectMs, undefined, { signal }).catch(() => undefined);
    }
  };
  void follow();
  return {
    wait: async () => {
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
      if (!isRung && !signal.aborted) {
        const woken = new AbortController();
        wake = () => woken.abort();
        const either = AbortSignal.any([signal, woken.signal]);
        await sleep(isConnected ? idleMs : pollMs, undefined, { signal: either }).catch(() => undefined);
      }
      isRung = false;
    },
  };
}

/** Until the stream ends, in whatever way. Comments keep it open and are no news. */
async function listen(stream: AsyncIterable<Buffer> | undefined, ring: () => void): Promise<void> {
  if (stream === undefined) return;
  try {
    for await (const chunk of stream) if (chunk.toString('utf8').includes('data:')) ring();
  } catch {
    // The service ended, or the network did: it is asked again.
  }
}
