/** Clients that take their time, and clients that take all: of the server that the boot port and the API have in common. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { serveHttp, type HttpServerOptions } from '../../src/serve/http-server.ts';

const limits = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };

let port: number;
let abort: AbortController;
let ended: Promise<void>;
let sockets: Socket[];
beforeEach(() => {
  abort = new AbortController();
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  abort.abort();
  await ended;
});

async function serve(more: Partial<HttpServerOptions> = {}): Promise<void> {
  const app = express();
  app.post('/', express.json({ limit: '1kb' }), (_, response) => void response.send('all of it\n'));
  app.get('/', (_, response) => void response.send('here\n'));
  const listen = { address: '127.0.0.1', port: 0 };
  const handler: RequestListener = app;
  port = await new Promise((resolve) => {
    ended = serveHttp({ listen, handler, signal: abort.signal, onListening: resolve, limits, ...more });
  });
}

async function open(localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Sends one character now and then. @returns how long it was let, and what it was told */
async function drip(begin: string, perCharacterMs: number): Promise<{ readonly ms: number; readonly answer: string }> {
  const socket = await open();
  const startedAtMs = performance.now();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const timer = setInterval(() => socket.write('x'), perCharacterMs);
  socket.write(begin);
  await once(socket, 'close');
  clearInterval(timer);
  return { ms: performance.now() - startedAtMs, answer: Buffer.concat(chunks).toString() };
}

const question = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();

describe('a client that sends its request one character at a time', () => {
  test.each([
    ['in its first line', 'GET /', 300],
    ['in its headers', 'GET / HTTP/1.1\r\nhost: x\r\nx-slow: ', 300],
    ['and nothing at all', '', 300],
    ['in its body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n', 600],
  ])('%s is cut off, and others are answered meanwhile', async (_name, begin, limitMs) => {
    await serve();
    const dripping = drip(begin, begin === '' ? 10_000 : 20);
    await sleep(100);

    expect(await question()).toBe('here\n');
    const { ms, answer } = await dripping;

    expect(ms).toBeGreaterThan(limitMs - 50);
    expect(ms).toBeLessThan(limitMs + 1500);
    expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
  });

  test('many of them keep nobody out', async () => {
    await serve();
    const dripping = Promise.all(Array.from({ length: 200 }, () => drip('GET / HTTP/1.1\r\nx: ', 50)));
    await sleep(100);

    expect(await question()).toBe('here\n');
    for (const { ms } of await dripping) expect(ms).toBeLessThan(3000);
  });
});

describe('a body that is too large', () => {
  const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

  test.each([
    ['by its length', `${head}content-length: 2000\r\n\r\n${'x'.repeat(2000)}`],
    ['in chunks without a length', `${head}transfer-encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2000)}\r\n0\r\n\r\n`],
  ])('is refused: %s', async (_name, request) => {
    await serve({ handler: withErrors() });
    const socket = await open();
    socket.write(request);
    const [answer] = (await once(socket, 'data')) as [Buffer];

    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('headers of more than 8 KB are refused', async () => {
    await serve();
    const socket = await open();
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(9000)}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];

    expect(answer.toString()).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('two lengths, by which one request can hide in another, are refused', async () => {
    await serve();
    const socket = await open();
    socket.write(`${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];

    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

function withErrors(): RequestListener {
  const app = express();
  app.post('/', express.json({ limit: '1kb' }), (_, response) => void response.send('all of it\n'));
  // Without it Express prints to the terminal.
  app.use((error: { status?: number }, _: unknown, response: express.Response, _next: unknown) => {
    response.status(error.status ?? 500).end();
  });
  return app;
}

test('one address cannot take the connections of all, and has its own back when it lets them go', async () => {
  await serve({ perAddress: 5, limits: { ...limits, headersTimeout: 5000, requestTimeout: 5000 } });
  const held = [];
  for (let count = 0; count < 5; count += 1) held.push(await open('127.0.0.2'));
  await sleep(50);

  const late = await open('127.0.0.2');
  await once(late, 'close');
  expect(await question()).toBe('here\n');

  for (const socket of held) socket.destroy();
  await sleep(50);
  const again = await open('127.0.0.2');
  again.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [answer] = (await once(again, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
});
