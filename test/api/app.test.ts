import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { apiApp } from '../../src/api/app.ts';
import { request, requestOk } from '../../src/cli/api-client.ts';
import { clearStaleSocket } from '../../src/host/unix-socket.ts';
import { ConfigError, NotFoundError } from '../../src/model/errors.ts';
import { fakeApi, fakeTag } from '../support/fake-actions.ts';

let isHealthy = true;

const { actions, changes } = fakeApi({
  health: () => ({ status: isHealthy ? 'ok' : 'red', parts: [{ name: 'http', problems: ['port 80'], sinceMs: 1 }] }),
  node: (name) => {
    throw new NotFoundError(`there is no node ${name}`);
  },
  plan: () => {
    throw new ConfigError('node01 cannot boot', { hint: 'Run "pi-image build debian-lite".' });
  },
  boots: () => {
    throw new TypeError('secret detail of a bug');
  },
  leases: () => [{ address: '10.42.0.11', node: 'node01' }],
});

let dir: string;
let socketPath: string;
let server: Server;
const lines: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'api-'));
  socketPath = path.join(dir, 'api.sock');
  const log = { info: () => undefined, warn: (event: string) => void lines.push(event) };
  server = createServer(
    apiApp({ actions, log, listener: 'socket', version: '0.1.0', now: Date.now, signal: new AbortController().signal }),
  ).listen(socketPath);
  await once(server, 'listening');
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(dir, { recursive: true });
});

test('questions are answered as JSON', async () => {
  expect(await request(socketPath, 'GET', '/leases')).toMatchObject({
    kind: 'answer',
    status: 200,
    body: [{ address: '10.42.0.11', node: 'node01' }],
  });
});

test.each([
  [true, 200],
  [false, 503],
])('health that is good (%s) answers %i', async (healthy, status) => {
  isHealthy = healthy;
  expect(await request(socketPath, 'GET', '/healthz')).toMatchObject({ status });
});

describe('an error is a problem with its cure', () => {
  test.each([
    ['/nodes/nope', 404, { status: 404, title: 'there is no node nope' }],
    ['/nodes/node01/plan', 400, { title: 'node01 cannot boot', detail: 'Run "pi-image build debian-lite".' }],
    ['/nothing', 404, { title: 'there is no GET /api/v1/nothing' }],
    ['/nodes/node01/boots', 500, { title: 'internal error; see the log of pi-image' }],
  ])('%s is %i', async (route, status, body) => {
    expect(await request(socketPath, 'GET', route)).toMatchObject({ kind: 'answer', status, body });
  });

  test('a bug is logged and not shown', async () => {
    const answer = await request(socketPath, 'GET', '/nodes/node01/boots');

    expect(JSON.stringify(answer)).not.toContain('secret detail');
    expect(lines).toContain('api.failed');
  });

  test('the command line shows each of many problems', async () => {
    await expect(requestOk(socketPath, 'POST', '/tokens', {})).rejects.toMatchObject({
      message: expect.stringMatching(/^2 problems\nbody: name: .*\nbody: scope: /),
    });
  });

  test('the command line throws what the service says', async () => {
    await expect(requestOk(socketPath, 'GET', '/nodes/node01/plan')).rejects.toMatchObject({
      message: 'node01 cannot boot',
      hint: 'Run "pi-image build debian-lite".',
    });
  });
});

test('nodes are handed over as they were read, with who sent them', async () => {
  const node = { name: 'node01', mac: '2C-CF-67-01-02-03', board: 'pi4', address: '10.42.0.11', role: 'compute' };
  await requestOk(socketPath, 'PUT', '/nodes?dryRun=true', [node], { ifMatch: fakeTag });

  expect(changes.at(-1)).toEqual({
    action: 'applyNodes',
    sent: [[{ ...node, mac: '2c:cf:67:01:02:03', vars: {} }]],
    options: { by: 'socket', dryRun: true, ifMatch: fakeTag },
  });
});

test('nobody behind the socket is not an error', async () => {
  expect(await request(path.join(dir, 'none.sock'), 'GET', '/nodes')).toEqual({ kind: 'no-service' });
});

test('a socket that a killed service left is removed, one that answers is not', async () => {
  await expect(clearStaleSocket(socketPath)).rejects.toThrow('another service listens');

  const stale = path.join(dir, 'stale.sock');
  await writeFile(stale, '');
  await clearStaleSocket(stale);

  await expect(stat(stale)).rejects.toThrow('ENOENT');
});
