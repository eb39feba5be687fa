/** Nobody can ask so often, so much or so slowly that others wait. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

import { describe, expect, onTestFinished, test } from 'vitest';

import { rateLimit } from '../../src/api/rate-limit.ts';
import { streamLimit } from '../../src/api/stream-limit.ts';
import { serveHttp } from '../../src/serve/http-server.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';

describe('a rate', () => {
  test('is a burst, and then a pace; who waits has it again', () => {
    let nowMs = 1000;
    const { take } = rateLimit({ burst: 3, refillMs: 2000, now: () => nowMs });

    expect([take('a'), take('a'), take('a'), take('a')]).toEqual([0, 0, 0, 2]);
    expect(take('b')).toBe(0);
    nowMs += 2000;
    expect([take('a'), take('a')]).toEqual([0, 2]);
    nowMs += 60_000;
    expect([take('a'), take('a'), take('a'), take('a')]).toEqual([0, 0, 0, 2]);
  });

  test('forgets the one that asked longest ago, and holds no more than a thousand', () => {
    const { take } = rateLimit({ burst: 1, refillMs: 1_000_000, now: () => 0 });
    expect(take('first')).toBe(0);
    for (let count = 0; count < 1000; count += 1) take(`other${count}`);

    expect(take('first')).toBe(0);
    expect(take('other999')).toBeGreaterThan(0);
  });
});

test('a token that asks without pause is told to wait, and others are not', async () => {
  let nowMs = 0;
  const { ask } = await loopbackApi(fakeApi().actions, { now: () => nowMs });
  const as = async (token: string) => {
    const { status, headers } = await ask('/api/v1/roles', { headers: { authorization: `Bearer ${token}` } });
    return [status, headers['retry-after']];
  };
  const limits = { burst: 2000 };
  for (let count = 0; count < limits.burst / 100; count += 1) {
    await Promise.all(Array.from({ length: 100 }, () => as('read')));
  }

  expect(await as('read')).toEqual([429, '1']);
  expect(await as('operate')).toEqual([200, undefined]);
  nowMs += 5;
  expect(await as('read')).toEqual([200, undefined]);
}, 60_000);

test('who asks without a token is counted by address', async () => {
  const { ask } = await loopbackApi(fakeApi().actions, { now: () => 0 });
  const statuses = await Promise.all(Array.from({ length: 201 }, async () => (await ask('/healthz')).status));

  expect(statuses.filter((status) => status === 200).length).toBe(200);
  expect(statuses.filter((status) => status === 429).length).toBe(1);
});

describe('streams of events', () => {
  test('have a limit by caller and one for all', () => {
    const { take } = streamLimit();
    const first = Array.from({ length: 250 }, () => take('a'));

    expect(() => take('a')).toThrow('too many streams');
    first[0]?.();
    take('a');
    for (let count = 0; count < 250; count += 1) take('b');
    expect(() => take('c')).toThrow('too many streams');
  });

  test('give their place back when the reader goes', async () => {
    const { port, ask } = await loopbackApi(fakeApi().actions);
    const headers = { authorization: 'Bearer read' };
    const open = async () => {
      const asked = get({ host: '127.0.0.1', port, path: '/api/v1/events', headers });
      const [incoming] = (await once(asked, 'response')) as [IncomingMessage];
      return incoming;
    };
    const streams = await Promise.all(Array.from({ length: 250 }, open));
    const refused = await ask('/api/v1/events', { headers });
    for (const stream of streams) stream.destroy();
    // The server hears of it a little later.
    let status: number | undefined = 429;
    for (let tries = 0; tries < 50 && status === 429; tries += 1) {
      const again = await open();
      status = again.statusCode;
      again.destroy();
    }

    expect(refused.status).toBe(429);
    expect(status).toBe(200);
  }, 30_000);
});

test.each([
  ['headers', 'GET / HTTP/1.1\r\nhost: x\r\n'],
  ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nslow'],
])('a client that never ends its %s is sent away', async (_what, sent) => {
  const abort = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const port = await new Promise<number>((resolve) => {
    ended = serveHttp({
      listen: { address: '127.0.0.1', port: 0 },
      handler: (request) => void request.resume(),
      signal: abort.signal,
      onListening: resolve,
      limits: { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 },
    });
  });
  onTestFinished(async () => {
    abort.abort();
    await ended;
  });
  const client = connect(port, '127.0.0.1');
  let answer = '';
  client.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  client.write(sent);
  await once(client, 'close');

  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});
