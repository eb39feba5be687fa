/** The API from another machine, as curl and the command line reach it: over TLS only, by the key that was pinned. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ServiceAbout } from '../../src/api/schemas/service.ts';
import { requestOk } from '../../src/cli/api-client.ts';
import type { AuditEntry } from '../../src/model/audit.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { boardNode, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const boardAddress = '10.42.0.50';
const server = `https://${storageAddress}:9443`;

const site = new ServeFixture();
let service: NamespaceProgram;
let pin = '';

async function start(): Promise<void> {
  service = await site.serve('--no-time');
  await service.line(/part\.ready part=api-tls/);
}

async function askHere<T>(route: string): Promise<T> {
  const answer = await requestOk(site.socket, 'GET', route);
  if (answer.kind === 'no-service') throw new Error('the service has ended');
  return answer.body as T;
}

const tokenFile = () => path.join(site.dir, 'remote.token');
const onBoard = async (...argv: readonly string[]) => site.net.run('board', argv);
const curl = async (...more: readonly string[]) => {
  const token = (await readFile(tokenFile(), 'utf8')).trim();
  return onBoard('curl', '-sS', '--max-time', '10', '-H', `authorization: Bearer ${token}`, ...more);
};

beforeAll(async () => {
  await site.open();
  await site.writeCluster({ api: { listen: `${storageAddress}:9443`, names: ['storage.test'] } });
  await site.net.run('board', ['ip', 'address', 'add', `${boardAddress}/24`, 'dev', 'end0']);
  await start();
  await requestOk(site.socket, 'PUT', '/nodes', [boardNode]);
  const made = await requestOk(site.socket, 'POST', '/tokens', { name: 'remote', scope: 'admin' });
  if (made.kind === 'no-service') throw new Error('the service has ended');
  await writeFile(tokenFile(), (made.body as { token: string }).token);
  pin = (await askHere<ServiceAbout>('/service')).tls?.fingerprint ?? '';
}, 120_000);
afterAll(() => site.close(), 60_000);

test('curl speaks to the key that was pinned, and to no other', async () => {
  const nodes = await curl('--insecure', '--pinnedpubkey', pin, `${server}/api/v1/nodes`);

  expect(JSON.parse(nodes)).toMatchObject([{ name: 'node01' }]);
  const other = `sha256//${'A'.repeat(43)}=`;
  await expect(curl('--insecure', '--pinnedpubkey', other, `${server}/api/v1/nodes`)).rejects.toThrow(
    /pinned|exit code 90/,
  );
});

test('its certificate is enough for who checks names, and nobody knows it by itself', async () => {
  const certificate = path.join(site.dir, 'state/secrets/api-tls/certificate.pem');
  const named = ['--resolve', `storage.test:9443:${storageAddress}`, 'https://storage.test:9443/api/v1/healthz'];

  expect(await curl('--cacert', certificate, `${server}/api/v1/healthz`)).toContain('"status"');
  expect(await curl('--cacert', certificate, ...named)).toContain('"status"');
  await expect(curl(`${server}/api/v1/healthz`)).rejects.toThrow(/certificate/);
  const { mode } = await stat(path.join(site.dir, 'state/secrets/api-tls/key.pem'));
  expect(mode & 0o777).toBe(0o600);
});

test('there is no way to it in the clear', async () => {
  await expect(curl('--fail', `http://${storageAddress}:9443/api/v1/healthz`)).rejects.toThrow('exit code');
  await expect(curl(`http://${storageAddress}:8443/api/v1/healthz`)).rejects.toThrow('exit code 7');
});

test('the command line drives it from there', async () => {
  const remote = ['--server', server, '--token-file', tokenFile()];
  const cli = (...args: readonly string[]) => site.net.run('board', site.argv(...remote, ...args));

  expect(await site.command('api')).toContain(pin);
  expect(await cli('--fingerprint', pin, 'node', 'list', '-o', 'name')).toBe('node01\n');
  await expect(cli('node', 'list')).rejects.toThrow('did not answer');
});

test('a key lives over kill -9: what was done is not done again, and the fingerprint stays', async () => {
  const sent = '{"name":"once","scope":"read"}';
  const headers = ['-H', 'idempotency-key: k1', '-H', 'content-type: application/json'];
  const secure = ['--insecure', '--pinnedpubkey', pin];
  const post = () => curl(...secure, '-i', '-X', 'POST', ...headers, '-d', sent, `${server}/api/v1/tokens`);

  const first = await post();
  service.signal('SIGKILL');
  await service.ended;
  await start();
  const again = await post();

  expect(first).toMatch(/^HTTP\/1\.1 201 [^]*"token":"pi_/);
  expect(again).toMatch(/^HTTP\/1\.1 201 [^]*idempotent-replayed: true/i);
  expect(again).not.toContain('pi_');
  const made = (await askHere<AuditEntry[]>('/audit')).filter(({ body }) => body?.includes('"once"'));
  expect(made).toMatchObject([{ by: 'remote', from: boardAddress, action: 'createToken', status: 201 }]);
});
