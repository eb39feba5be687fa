/** A service on another machine: asked only when it is the one, and nothing is sent before that is known. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { apiServer, request } from '../../src/cli/api-client.ts';
import type { ServerCertificate } from '../../src/host/tls-certificate.ts';
import { serveHttp } from '../../src/serve/http-server.ts';
import { tlsSite } from '../support/tls-site.ts';

/** Answers who asked. */
async function tlsServer(first: ServerCertificate) {
  const asked: (string | undefined)[] = [];
  let current = first;
  let tell = () => {};
  const abort = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const port = await new Promise<number>((resolve, reject) => {
    ended = serveHttp({
      listen: { address: '127.0.0.1', port: 0 },
      handler: ({ headers }, response) => {
        asked.push(headers.authorization);
        response.end('{"is":"it"}');
      },
      signal: abort.signal,
      onListening: resolve,
      tls: { current: () => current, onChange: (listener) => (tell = listener) },
    });
    ended.catch(reject);
  });
  onTestFinished(async () => {
    abort.abort();
    await ended;
  });
  const renew = (next: ServerCertificate) => {
    current = next;
    tell();
  };
  return { port, asked, renew };
}

async function site() {
  const { dir, make } = await tlsSite();
  const certificate = await make();
  const { port, asked, renew } = await tlsServer(certificate);
  const tokenFile = path.join(dir, 'token');
  await writeFile(tokenFile, 'pi_secret\n');
  const flags = { runtime: dir, server: `https://127.0.0.1:${port}`, tokenFile };
  const ask = async (more: object) => request(await apiServer({ ...flags, ...more }), 'GET', '/nodes');
  const caFile = path.join(dir, 'ca.pem');
  await writeFile(caFile, certificate.cert);
  return { dir, make, certificate, asked, ask, caFile, port, renew };
}

describe('a service with a certificate of its own', () => {
  test('is asked when its key is the one that was named', async () => {
    const { ask, certificate, asked } = await site();

    expect(await ask({ fingerprint: certificate.pin })).toMatchObject({ status: 200, body: { is: 'it' } });
    expect(asked).toEqual(['Bearer pi_secret']);
  });

  test('is not asked when its key is another: no token leaves', async () => {
    const { ask, asked, certificate } = await site();
    const fingerprint = `sha256//${'A'.repeat(43)}=`;

    await expect(ask({ fingerprint })).rejects.toMatchObject({
      message: expect.stringContaining(`it shows ${certificate.pin}`),
      hint: expect.stringContaining('pi-image api'),
    });
    expect(asked).toEqual([]);
  });

  test('is asked when its certificate was named, and not when nobody is', async () => {
    const { ask, caFile, asked } = await site();

    expect(await ask({ caFile })).toMatchObject({ status: 200 });
    await expect(ask({})).rejects.toThrow('did not answer');
    expect(asked.length).toBe(1);
  });

  test('shows a new one without a restart, and the same key', async () => {
    const { ask, make, certificate, renew } = await site();
    const next = await make({ names: ['renewed'] });
    renew(next);

    expect(next.cert).not.toBe(certificate.cert);
    expect(await ask({ fingerprint: certificate.pin })).toMatchObject({ status: 200 });
  });

  test('takes no question in the clear', async () => {
    const { ask, port, asked } = await site();

    await expect(ask({ server: `http://127.0.0.1:${port}` })).rejects.toThrow('did not answer');
    expect(asked).toEqual([]);
  });
});

test.each([
  ['http://192.168.1.5:8443', {}, 'would be sent the token in the clear'],
  ['http://storage.example.org', {}, 'would be sent the token in the clear'],
  ['ftp://127.0.0.1', {}, 'is not the address of a service'],
  ['storage', {}, 'is not the address of a service'],
  ['http://127.0.0.1:8443', { caFile: 'x' }, 'go with https:// only'],
  ['https://127.0.0.1:8443', { fingerprint: 'ab:cd' }, 'is not a fingerprint'],
  ['https://127.0.0.1:8443', { fingerprint: `sha256//${'A'.repeat(43)}=`, caFile: 'x' }, 'not both'],
  ['https://127.0.0.1:8443', { tokenFile: undefined }, '--server needs --token-file'],
])('%s with %o is refused', async (server, more, message) => {
  const { tokenFile, ...rest } = { tokenFile: '/dev/null', ...more };
  const flags = { runtime: '/nowhere', server, ...rest, ...(tokenFile !== undefined && { tokenFile }) };

  await expect(apiServer(flags)).rejects.toThrow(message);
});

test.each(['http://127.0.0.1:8443', 'http://localhost', 'http://[::1]:1', 'https://storage:8443'])(
  '%s is taken',
  async (server) => {
    expect(await apiServer({ runtime: '/nowhere', server, tokenFile: '/dev/null' })).toMatchObject({ token: '' });
  },
);
