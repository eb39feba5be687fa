/** Events as they are streamed: in order, each once, from where the reader left off, until one of both ends it. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import type { EventActions } from '../../src/api/actions.ts';
import { readLastEventId, streamEvents } from '../../src/api/event-stream.ts';
import type { Event } from '../../src/model/event.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi, type LoopbackApi } from '../support/loopback-api.ts';

/** As the database has them. */
function eventLog() {
  const events: Event[] = [];
  const listeners = new Set<() => void>();
  const actions: EventActions = {
    after: (id, limit) => Promise.resolve(events.filter((event) => event.id > id).slice(0, limit)),
    lastId: () => events.at(-1)?.id ?? 0,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const add = (count = 1) => {
    for (let each = 0; each < count; each += 1) {
      const id = events.length + 1;
      events.push({ id, atMs: id, kind: 'node.role-set', node: 'node01', fields: { text: 'two\nlines' } });
    }
    for (const listener of listeners) listener();
  };
  return { actions, add, listeners };
}

interface Reader {
  readonly incoming: IncomingMessage;
  readonly text: () => string;
  /** Ids so far. */
  readonly ids: () => number[];
}

async function follow({ port }: Pick<LoopbackApi, 'port'>, lastEventId?: string): Promise<Reader> {
  const headers = { authorization: 'Bearer read', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
  const [incoming] = (await once(get({ host: '127.0.0.1', port, path: '/api/v1/events', headers }), 'response')) as [
    IncomingMessage,
  ];
  let text = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return {
    incoming,
    text: () => text,
    ids: () => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])),
  };
}

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('what happens from now on, in the form of the standard', async () => {
  const log = eventLog();
  log.add(3);
  const { text, incoming } = await follow(await loopbackApi(fakeApi({ events: log.actions }).actions));
  log.add();

  await vi.waitFor(() => expect(text()).not.toBe(''));
  expect(incoming.headers['content-type']).toBe('text/event-stream');
  expect(text()).toBe(
    'id: 4\nevent: node.role-set\ndata: {"id":4,"atMs":4,"kind":"node.role-set","node":"node01","fields":{"text":"two\\nlines"}}\n\n',
  );
});

test.each([
  ['0', upTo(1000)],
  ['998', [999, 1000]],
  ['1000', []],
])('after %s come all that are newer, and then what happens', async (lastEventId, older) => {
  const log = eventLog();
  log.add(1000);
  const { ids } = await follow(await loopbackApi(fakeApi({ events: log.actions }).actions), lastEventId);
  await vi.waitFor(() => expect(ids()).toHaveLength(older.length));
  log.add(2);

  await vi.waitFor(() => expect(ids()).toEqual([...older, 1001, 1002]));
});

test('nothing is lost or told twice while events come as it reads', async () => {
  const log = eventLog();
  const { ids } = await follow(await loopbackApi(fakeApi({ events: log.actions }).actions));
  for (let round = 0; round < 100; round += 1) {
    log.add(1 + (round % 7));
    if (round % 3 === 0) await sleep(1);
  }

  await vi.waitFor(() => expect(ids().at(-1)).toBe(log.actions.lastId()));
  expect(ids()).toEqual(upTo(log.actions.lastId()));
});

test('twenty readers are nothing to warn of', async () => {
  const log = eventLog();
  const api = await loopbackApi(fakeApi({ events: log.actions }).actions);
  const warnings: Error[] = [];
  const listen = (warning: Error) => void warnings.push(warning);
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  const readers = await Promise.all(Array.from({ length: 20 }, () => follow(api)));
  log.add();

  await vi.waitFor(() => expect(readers.map(({ ids }) => ids())).toEqual(readers.map(() => [1])));
  expect(warnings).toEqual([]);
});

test('a comment keeps the connection open while nothing happens', async () => {
  const log = eventLog();
  const never = new AbortController();
  const server = createServer((_request, to) => {
    const stream = { events: log.actions, after: 0, to, isStillAllowed: () => true, signal: never.signal };
    void streamEvents({ ...stream, heartbeatMs: 10 });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { text } = await follow(server.address() as AddressInfo);

  await vi.waitFor(() => expect(text()).toMatch(/^(?:: still here\n\n){3}/));
});

describe('it ends', () => {
  test('with the service, as an end and not as a break', async () => {
    const log = eventLog();
    const api = await loopbackApi(fakeApi({ events: log.actions }).actions);
    const { incoming } = await follow(api);
    api.stop.abort();
    await once(incoming, 'end');

    expect(incoming.complete).toBe(true);
    await vi.waitFor(() => expect(log.listeners.size).toBe(0));
  });

  test('when the reader goes, and nothing is kept of it', async () => {
    const log = eventLog();
    const { incoming } = await follow(await loopbackApi(fakeApi({ events: log.actions }).actions));
    expect(log.listeners.size).toBe(1);
    incoming.destroy();

    await vi.waitFor(() => expect(log.listeners.size).toBe(0));
  });

  test('when the token is revoked', async () => {
    const log = eventLog();
    let isKnown = true;
    const authenticate = () => (isKnown ? { name: 'x', scope: 'read' as const } : undefined);
    const { incoming, ids } = await follow(await loopbackApi(fakeApi({ events: log.actions, authenticate }).actions));
    log.add();
    await vi.waitFor(() => expect(ids()).toEqual([1]));
    isKnown = false;
    log.add();
    await once(incoming, 'end');

    expect(ids()).toEqual([1]);
  });
});

test.each([
  [undefined, undefined],
  ['0', 0],
  ['1042', 1042],
])('Last-Event-ID %s is %s', (text, id) => {
  expect(readLastEventId(text)).toBe(id);
});

test.each(['', '-1', '1.5', 'x', '1e3', '99999999999999999999'])('Last-Event-ID "%s" is refused', (text) => {
  expect(() => readLastEventId(text)).toThrow('is not the number of an event');
});
