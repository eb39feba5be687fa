/** A call as the compiler knows it is the request that the service reads. */
import { createServer, type IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { call, callIfThere, dryRunQuery } from '../../src/cli/typed-client.ts';
import { ChangedError } from '../../src/model/errors.ts';

interface Answers {
  readonly status?: number;
  readonly body?: object;
}

async function service({ status = 200, body: answer = [] }: Answers = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'typed-'));
  const socket = path.join(dir, 'api.sock');
  const asked: { method: string | undefined; url: string | undefined; body: string }[] = [];
  const tags: (string | undefined)[] = [];
  const read = async (request: IncomingMessage) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ method: request.method, url: request.url, body });
  };
  const server = createServer((request, response) => {
    tags.push(request.headers['if-match']);
    void read(request).then(() => response.writeHead(status, { etag: '"new"' }).end(JSON.stringify(answer)));
  }).listen(socket);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await rm(dir, { recursive: true });
  });
  return { socket, asked, tags };
}

test('path, query and body stand where they belong', async () => {
  const { socket, asked } = await service();

  await call(socket, 'GET /roles');
  await call(socket, 'GET /nodes', { query: { label: ['rack=a1', 'gpu'], limit: 10 } });
  await call(socket, 'PUT /nodes/{name}/role', { path: { name: 'a/b' }, body: { role: 'login' } });
  await call(socket, 'POST /nodes/{name}:reboot', { path: { name: 'node01' }, query: { dryRun: 'true' } });

  expect(asked).toEqual([
    { method: 'GET', url: '/api/v1/roles', body: '' },
    { method: 'GET', url: '/api/v1/nodes?label=rack%3Da1&label=gpu&limit=10', body: '' },
    { method: 'PUT', url: '/api/v1/nodes/a%2Fb/role', body: '{"role":"login"}' },
    { method: 'POST', url: '/api/v1/nodes/node01:reboot?dryRun=true', body: '' },
  ]);
});

test('what is undefined is left out', async () => {
  const { socket, asked } = await service();

  await call(socket, 'GET /nodes', { query: { role: undefined, limit: 10 } });
  await call(socket, 'PUT /nodes/{name}/role', {
    path: { name: 'a' },
    query: dryRunQuery(false),
    body: { role: 'login', drain: undefined },
  });

  expect(asked.map(({ url, body }) => `${url} ${body}`)).toEqual([
    '/api/v1/nodes?limit=10 ',
    '/api/v1/nodes/a/role {"role":"login"}',
  ]);
});

test('a tag goes there, and the one of the answer comes back', async () => {
  const { socket, tags } = await service();

  const called = await callIfThere(socket, 'DELETE /nodes/{name}', { path: { name: 'a' } }, { ifMatch: '"old"' });

  expect([called, tags]).toEqual([{ kind: 'answer', answer: [], etag: '"new"' }, ['"old"']]);
});

test('what was changed meanwhile is told with its tag of now', async () => {
  const { socket } = await service({ status: 412, body: { title: 'a was changed since you read it', etag: '"new"' } });

  const failed = call(socket, 'DELETE /nodes/{name}', { path: { name: 'a' } });

  await expect(failed).rejects.toBeInstanceOf(ChangedError);
  await expect(failed).rejects.toMatchObject({ message: 'a was changed since you read it', etag: '"new"' });
});

test('what the compiler refuses', () => {
  const wrong = (socket: string) => [
    // @ts-expect-error -- there is no such call
    call(socket, 'GET /nope'),
    // @ts-expect-error -- it needs a name
    call(socket, 'GET /nodes/{name}'),
    // @ts-expect-error -- a role is a text
    call(socket, 'PUT /nodes/{name}/role', { path: { name: 'a' }, body: { role: 1 } }),
  ];

  expect(wrong).toBeTypeOf('function');
});

test('nobody there is told as such', async () => {
  await expect(call('/nowhere/api.sock', 'GET /roles')).rejects.toThrow('no service runs here');
  expect(await callIfThere('/nowhere/api.sock', 'GET /roles', {})).toEqual({ kind: 'no-service' });
});
