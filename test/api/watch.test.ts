import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

import { expect, onTestFinished, test, vi } from 'vitest';

import type { ApiActions } from '../../src/api/actions.ts';
import { Event } from '../../src/model/event.ts';
import { ClusterNews } from '../../src/api/schemas/watch.ts';
import { createSseReader, type SseFrame } from '../../src/dashboard/sse.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';
import { sampleEvent } from '../support/sample-tiles.ts';

const all = Array.from({ length: 500 }, (_, index) => sampleEvent(index + 1, 'boot.ready', 'node01'));
const events: ApiActions['events'] = {
  after: (id, limit) => Promise.resolve(all.slice(id, id + limit)),
  lastId: () => all.length,
  subscribe: () => () => undefined,
};

async function watch(own: Partial<ApiActions> = {}, headers: Readonly<Record<string, string>> = {}) {
  const { port, stop } = await loopbackApi(fakeApi({ events, ...own }).actions);
  const asked = { host: '127.0.0.1', port, path: '/api/v1/watch' };
  const request = get({ ...asked, headers: { authorization: 'Bearer read', ...headers } });
  onTestFinished(() => void request.destroy());
  const [incoming] = (await once(request, 'response')) as [IncomingMessage];
  const frames: SseFrame[] = [];
  const reader = createSseReader();
  incoming.setEncoding('utf8').on('data', (text: string) => void frames.push(...reader.push(text)));
  return { incoming, frames, stop };
}

test('the cluster comes first, then what happened lately, each as the document says', async () => {
  const { incoming, frames } = await watch();
  await vi.waitFor(() => expect(frames).toHaveLength(201));

  expect(incoming.headers['content-type']).toBe('text/event-stream');
  expect(ClusterNews.parse(JSON.parse(frames[0]?.data ?? ''))).toMatchObject({ asOf: 500, isWhole: true });
  expect(frames[0]?.id).toBeUndefined();
  expect(frames.slice(1).map(({ data }) => Event.parse(JSON.parse(data)).id)).toEqual(
    all.slice(300).map(({ id }) => id),
  );
});

test('a reader that was cut off goes on after the last event it has', async () => {
  const { frames } = await watch({}, { 'last-event-id': '498' });
  await vi.waitFor(() => expect(frames).toHaveLength(3));

  expect(frames.map(({ id }) => id)).toEqual([undefined, 499, 500]);
});

test('it ends with the service', async () => {
  const { incoming, frames, stop } = await watch();
  await vi.waitFor(() => expect(frames.length).toBeGreaterThan(0));
  const ended = once(incoming, 'end');
  stop.abort();

  await ended;
});

test('it takes a token', async () => {
  const { incoming } = await watch({}, { authorization: 'Bearer wrong' });

  expect(incoming.statusCode).toBe(401);
});
