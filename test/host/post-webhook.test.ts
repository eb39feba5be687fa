/** One POST: what arrives, and what is refused on the way. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { postWebhook } from '../../src/host/post-webhook.ts';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

async function receiver(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      seen.push({ request, body });
      answer(request, response);
    });
  });
  return { seen, port: await listening(server) };
}

const signal = () => new AbortController().signal;
const post = (url: string, more: object = {}) =>
  postWebhook({ url, headers: { 'webhook-id': 'plum-1' }, body: '{"a":"ä"}', signal: signal(), ...more });

test('headers and body arrive, and the status comes back', async () => {
  const { seen, port } = await receiver((_request, response) => response.writeHead(202).end('thanks'));

  expect(await post(`http://127.0.0.1:${port}/hook?x=1`)).toBe(202);
  expect(seen[0]?.body).toBe('{"a":"ä"}');
  expect(seen[0]?.request).toMatchObject({
    method: 'POST',
    url: '/hook?x=1',
    headers: { 'webhook-id': 'plum-1', 'content-length': '10', 'user-agent': 'pi-image' },
  });
});

test('a redirect is an answer, and is not followed', async () => {
  const target = await receiver((_request, response) => response.end());
  const { port } = await receiver((_request, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${target.port}/` }).end(),
  );

  expect(await post(`http://127.0.0.1:${port}/`)).toBe(307);
  expect(target.seen).toEqual([]);
});

test('an answer without end is not read to its end', async () => {
  const { port } = await receiver((_request, response) => {
    response.writeHead(200);
    const flood = setInterval(() => response.write(Buffer.alloc(1_000_000)), 1);
    response.on('close', () => clearInterval(flood));
  });

  expect(await post(`http://127.0.0.1:${port}/`)).toBe(200);
});

/** A name server that answers these addresses. */
const names = (...addresses: readonly string[]) =>
  ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as unknown as Parameters<typeof postWebhook>[1];

test('a name that leads to a neighbour on the cable is no way there', async () => {
  const { seen, port } = await receiver((_request, response) => response.end());
  const to = { url: `http://hook.example:${port}/`, headers: {}, body: '', signal: signal() };

  await expect(postWebhook(to, names('169.254.169.254', 'fe80::1'))).rejects.toThrow('is a link-local address');
  expect(await postWebhook(to, names('fe80::1', '127.0.0.1'))).toBe(200);
  expect(seen).toHaveLength(1);
});

test('a certificate that nobody vouches for is refused', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'hook-tls-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const [key, cert] = [path.join(dir, 'key'), path.join(dir, 'cert')];
  const made = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
  ];
  execFileSync('openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) =>
    response.end(),
  );
  const port = await listening(server);

  await expect(post(`https://127.0.0.1:${port}/`)).rejects.toThrow(/self-signed/);
});

test('the end of the service ends it', async () => {
  const stop = new AbortController();
  const { seen, port } = await receiver(() => undefined);
  const posting = post(`http://127.0.0.1:${port}/`, { signal: stop.signal });
  await expect.poll(() => seen.length).toBe(1);
  stop.abort();

  await expect(posting).rejects.toThrow('aborted');
});
