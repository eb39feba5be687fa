import { expect, test, vi } from 'vitest';

import type { ClusterNews } from '../../src/api/schemas/watch.ts';
import { AskError, type Service } from '../../src/dashboard/ask.ts';
import { follow, type Connection } from '../../src/dashboard/live.ts';
import type { Event } from '../../src/model/event.ts';
import { sampleEvent, sampleNews } from '../support/sample-tiles.ts';

/** Streams that a test writes and ends. */
function fakeService() {
  const asked: (number | undefined)[] = [];
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const service: Service = {
    ask: () => Promise.reject(new Error('not here')),
    stream: (path, lastEventId, signal) => {
      expect(path).toBe('/watch');
      asked.push(lastEventId);
      return Promise.resolve(
        new ReadableStream<Uint8Array>({
          start: (controller) => {
            streams.push(controller);
            signal.addEventListener('abort', () => controller.error(signal.reason));
          },
        }),
      );
    },
  };
  const write = (text: string) => streams.at(-1)?.enqueue(new TextEncoder().encode(text));
  return { service, asked, streams, write };
}

function listen() {
  const connections: Connection[] = [];
  const batches: { news: readonly ClusterNews[]; events: readonly Event[] }[] = [];
  const errors: AskError[] = [];
  const listener = {
    connection: (state: Connection) => void connections.push(state),
    batch: (news: readonly ClusterNews[], events: readonly Event[]) => void batches.push({ news, events }),
    refused: (error: AskError) => void errors.push(error),
  };
  return { connections, batches, errors, listener };
}

const newsFrame = `event: cluster\ndata: ${JSON.stringify(sampleNews([]))}\n\n`;
const eventFrame = (id: number) => `id: ${id}\nevent: x.y\ndata: ${JSON.stringify(sampleEvent(id, 'x.y'))}\n\n`;

test('the first news are shown at once, a burst of events is one batch, and a break goes on after the last of them', async () => {
  const { service, asked, streams, write } = fakeService();
  const { connections, batches, listener } = listen();
  const stop = new AbortController();
  const followed = follow(service, listener, stop.signal);

  await vi.waitFor(() => expect(streams).toHaveLength(1));
  write(newsFrame);
  await vi.waitFor(() => expect(batches).toHaveLength(1));
  expect(batches[0]?.news).toHaveLength(1);

  for (let id = 1; id <= 500; id++) write(eventFrame(id));
  await vi.waitFor(() => expect(batches).toHaveLength(2));
  expect(batches[1]?.events).toHaveLength(500);

  streams[0]?.close();
  await vi.waitFor(() => expect(asked).toEqual([undefined, 500]));
  await vi.waitFor(() => expect(connections).toEqual(['live', 'lost', 'connecting', 'live']));
  stop.abort();
  await followed;
});

test('a token that is no good ends it', async () => {
  const { errors, connections, listener } = listen();
  const refusal = new AskError('this token is not known', 401);
  const service: Service = { ask: () => Promise.reject(refusal), stream: () => Promise.reject(refusal) };

  await follow(service, listener, new AbortController().signal);

  expect(errors).toEqual([refusal]);
  expect(connections).toEqual([]);
});

test('a service that is away is asked again', async () => {
  const { listener, connections } = listen();
  const stop = new AbortController();
  const away = new AskError('the service does not answer', 0);
  const stream = vi.fn<Service['stream']>(() => Promise.reject(away));
  const followed = follow({ ask: () => Promise.reject(away), stream }, listener, stop.signal);

  await vi.waitFor(() => expect(stream.mock.calls.length).toBeGreaterThan(1), 5000);
  stop.abort();
  await followed;

  expect(connections.slice(0, 2)).toEqual(['lost', 'connecting']);
});
