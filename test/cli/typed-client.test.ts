/** A call as the compiler knows it is the request that the service reads. */
import { createServer, type IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { call } from '../../src/cli/typed-client.ts';

async function service() {
  const dir = await mkdtemp(path.join(tmpdir(), 'typed-'));
  const socket = path.join(dir, 'api.sock');
  const asked: { method: string | undefined; url: string | undefined; body: string }[] = [];
  const read = async (request: IncomingMessage) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ method: request.method, url: request.url, body });
  };
  const server = createServer((request, response) => {
    void read(request).then(() => response.end('[]'));
  }).listen(socket);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await rm(dir, { recursive: true });
  });
  return { socket, asked };
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
});
