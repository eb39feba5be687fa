/** A connection that breaks before there is an answer: the command asks again, and what it asked for is done once. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { apiApp } from '../../src/api/app.ts';
import { request, type ApiMethod } from '../../src/cli/api-client.ts';
import { HostError } from '../../src/model/errors.ts';
import { fakeApi } from '../support/fake-actions.ts';

const pausesMs = [5, 5, 5, 5];
const token = { name: 'x', scope: 'read' };

/** The API on a socket; what `drop` says is carried out, and its answer never leaves. */
async function socketApi(drop: (count: number) => boolean) {
  const dir = await mkdtemp(path.join(tmpdir(), 'repeat-'));
  const socket = path.join(dir, 'api.sock');
  const { actions, changes } = fakeApi();
  const log = { info: () => undefined, warn: () => undefined };
  const { signal } = new AbortController();
  const app = apiApp({ actions, log, listener: 'socket', version: '0.1.0', now: Date.now, signal });
  const keys: (string | undefined)[] = [];
  const server = createServer((incoming, response) => {
    keys.push(incoming.headers['idempotency-key'] as string | undefined);
    if (drop(keys.length)) loseAnswer(response);
    app(incoming, response);
  }).listen(socket);
  await once(server, 'listening');
  onTestFinished(async () => {
    close(server);
    await rm(dir, { recursive: true });
  });
  return { server, socket, keys, changes };
}

function loseAnswer(response: ServerResponse): void {
  const { socket } = response;
  response.end = () => {
    socket?.destroy();
    return response;
  };
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

test('a POST whose answer was lost is repeated under its key: done once, answered', async () => {
  const { socket, keys, changes } = await socketApi((count) => count === 1);

  const answer = await request(socket, 'POST', '/nodes/node01:reboot', undefined, { pausesMs });

  expect(answer).toMatchObject({ kind: 'answer', status: 202, body: { node: 'node01' } });
  expect(changes).toMatchObject([{ action: 'reboot' }]);
  expect(keys).toEqual([expect.stringMatching(/^[\da-f-]{36}$/), keys[0]]);
});

test('each run of a command has a key of its own, and what is no POST has none', async () => {
  const { socket, keys } = await socketApi(() => false);

  await request(socket, 'POST', '/tokens', token);
  await request(socket, 'POST', '/tokens', token);
  await request(socket, 'GET', '/nodes');
  await request(socket, 'PUT', '/nodes', []);

  expect(new Set(keys.slice(0, 2)).size).toBe(2);
  expect(keys.slice(2)).toEqual([undefined, undefined]);
});

test.each<[ApiMethod, number]>([
  ['GET', 2],
  ['PUT', 1],
  ['DELETE', 1],
  ['PATCH', 1],
])('%s is asked %i times when its answer is lost', async (method, times) => {
  const { socket, keys } = await socketApi((count) => count === 1);

  await request(socket, method, '/nodes/node01', method === 'PATCH' ? {} : undefined, { pausesMs }).catch(
    () => undefined,
  );

  expect(keys.length).toBe(times);
});

test('a service that breaks each connection is given up, and says so', async () => {
  const { socket, keys } = await socketApi(() => true);

  const asked = request(socket, 'POST', '/tokens', token, { pausesMs });

  await expect(asked).rejects.toThrow(`the service on ${socket} did not answer`);
  expect(keys.length).toBe(3);
});

test('one that ended in the middle is not taken for none: nobody does the work beside it', async () => {
  const { server, socket } = await socketApi(() => {
    close(server);
    return true;
  });

  const error = await request(socket, 'POST', '/tokens', token, { pausesMs }).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(HostError);
  expect(error).toMatchObject({
    message: 'the service ended before it answered',
    hint: expect.stringContaining('look'),
  });
});

test('over TCP it waits for a service that starts again, and for one that never was it does not', async () => {
  const first = createServer((incoming) => {
    incoming.socket.destroy();
    close(first);
    second.listen(port, '127.0.0.1');
  }).listen(0, '127.0.0.1');
  const second = createServer((_, response) => response.end('[]'));
  onTestFinished(() => close(second));
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const server = { url: new URL(`http://127.0.0.1:${port}`), token: 'x', trust: { kind: 'system' } } as const;

  expect(await request(server, 'GET', '/nodes', undefined, { pausesMs: [50, 50, 50] })).toMatchObject({ status: 200 });

  const nobody = { ...server, url: new URL('http://127.0.0.1:1') };
  const startedAtMs = Date.now();
  await expect(request(nobody, 'POST', '/tokens', token)).rejects.toThrow('did not answer');
  expect(Date.now() - startedAtMs).toBeLessThan(200);
});
