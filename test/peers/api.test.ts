/** The API of the whole service over TCP, as curl sees it: tokens, tags, changes, and events that can be resumed. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { requestOk } from '../../src/cli/api-client.ts';
import type { Argv } from '../../src/host/process.ts';
import { answerValidators, promisedAnswers, readDocument } from '../support/api-document.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { boardNode, ServeFixture } from '../support/serve-fixture.ts';

const base = 'http://127.0.0.1:8443/api/v1';
const compute = { image: 'small', overlays: ['base'] };

const site = new ServeFixture();
let service: NamespaceProgram;

async function start(): Promise<void> {
  service = await site.serve('--no-time');
  await service.line(/part\.ready part=api-tcp/);
}

beforeAll(async () => {
  await site.open();
  await site.writeCluster({ roles: { compute, login: compute } });
  await start();
}, 120_000);
afterAll(() => site.close(), 60_000);
beforeEach(async () => {
  await requestOk(site.socket, 'PUT', '/nodes', [boardNode]);
});

const tokenFile = (name: string) => path.join(site.dir, `${name}.token`);

async function makeToken(name: string, scope: string): Promise<void> {
  const answer = await requestOk(site.socket, 'POST', '/tokens', { name, scope });
  if (answer.kind === 'no-service') throw new Error('the service has ended');
  await writeFile(tokenFile(name), (answer.body as { token: string }).token);
}

interface Answer {
  readonly status: number;
  readonly etag: string;
  readonly body: unknown;
}

/** @param as name of a token */
async function curl(as: string, route: string, ...more: readonly string[]): Promise<Answer> {
  const format = '\n%{http_code}\n%header{etag}';
  const argv = await curlArgv(as, route, '-w', format, ...more);
  const lines = (await site.net.run('storage', argv)).split('\n');
  const [status = '', etag = ''] = lines.slice(-2);
  return { status: Number(status), etag, body: JSON.parse(lines.slice(0, -2).join('\n')) as unknown };
}

async function curlArgv(as: string, route: string, ...more: readonly string[]): Promise<Argv> {
  const token = (await readFile(tokenFile(as), 'utf8')).trim();
  return ['curl', '-sS', '-N', '-H', `authorization: Bearer ${token}`, ...more, `${base}${route}`];
}

const json = (method: string, body: unknown) =>
  ['-X', method, '-H', 'content-type: application/json', '-d', JSON.stringify(body)] as const;
const ifMatch = (etag: string) => ['-H', `if-match: ${etag}`] as const;

/** Numbers of the events that a stream has shown. */
function idsOf({ lines }: NamespaceProgram): number[] {
  return lines.flatMap((line) => (line.startsWith('id: ') ? [Number(line.slice(4))] : []));
}

async function follow(as: string, lastEventId: number): Promise<NamespaceProgram> {
  return site.net.start('storage', await curlArgv(as, '/events', '-H', `last-event-id: ${lastEventId}`));
}

test('two who change a node one after the other: the second is told', async () => {
  await makeToken('two', 'operate');
  const { etag } = await curl('two', '/nodes/node01');
  const set = (role: string, query: string, tag: string) =>
    curl('two', `/nodes/node01/role${query}`, ...json('PUT', { role }), ...ifMatch(tag));

  const tried = await set('login', '?dryRun=true', etag);
  const first = await set('login', '', etag);
  const second = await set('compute', '', etag);
  const now = await curl('two', '/nodes/node01');
  const again = await set('compute', '', now.etag);

  expect(tried).toMatchObject({ status: 200, etag, body: { dryRun: true, isChanged: true } });
  expect(first).toMatchObject({ status: 200, body: { diff: { role: { from: 'compute', to: 'login' } } } });
  expect(second).toMatchObject({ status: 412, etag: first.etag, body: { etag: first.etag } });
  expect(now).toMatchObject({ etag: first.etag, body: { role: 'login' } });
  expect(again.status).toBe(200);
});

test('of eight who change a node at the same time, one does', async () => {
  await makeToken('many', 'admin');
  const { etag } = await curl('many', '/nodes/node01');
  const racks = Array.from({ length: 8 }, (_, index) => `rack${index}`);
  const patch = (rack: string) => curl('many', '/nodes/node01', ...json('PATCH', { vars: { rack } }), ...ifMatch(etag));

  const answers = await Promise.all(racks.map(patch));

  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    200,
    ...Array.from({ length: 7 }, () => 412),
  ]);
  const winner = racks[answers.findIndex(({ status }) => status === 200)];
  expect(await curl('many', '/nodes/node01')).toMatchObject({ body: { vars: { rack: winner } } });
});

test('who changed what stands in the events, and a reader goes on where it was, over a restart of the service', async () => {
  await makeToken('ops', 'operate');
  await makeToken('boss', 'admin');
  const before = await follow('ops', 0);
  await curl('ops', '/nodes/node01/role', ...json('PUT', { role: 'login' }));
  await before.line(/^event: node\.role-set$/);
  await curl('boss', '/nodes/node01', ...json('PATCH', { vars: { rack: 'a1' } }));
  await before.line(/^data: .*"kind":"node\.changed".*"by":"boss"/);

  expect(await service.stop()).toBe(0);
  // 0: the stream has an end, and is not broken off.
  expect(await before.ended).toBe(0);
  const seen = idsOf(before);
  expect(seen).toEqual(seen.map((_, index) => index + 1));

  await start();
  const after = await follow('ops', 2);
  await curl('boss', '/nodes/node01', '-X', 'DELETE');
  await after.line(/^data: .*"kind":"node\.removed".*"by":"boss"/);

  const told = idsOf(after);
  expect(told).toEqual(told.map((_, index) => index + 3));
  expect(before.lines.some((line) => /"kind":"node\.role-set".*"by":"ops"/.test(line))).toBe(true);
});

describe('a token', () => {
  test('that is revoked is worthless at once, and a stream that it has opened ends', async () => {
    await makeToken('brief', 'operate');
    const stream = await follow('brief', 0);
    await stream.line(/^event: token\.created$/);
    expect(await site.command('token', 'revoke', 'brief')).toContain('is revoked');

    expect(await stream.ended).toBe(0);
    expect(await curl('brief', '/nodes')).toMatchObject({ status: 401 });
  });

  test('is nowhere in the state, and in no log', async () => {
    await site.command('token', 'create', 'hidden', '--scope', 'read', '--out', tokenFile('hidden'));
    await curl('hidden', '/nodes');
    const token = (await readFile(tokenFile('hidden'), 'utf8')).trim();

    expect(token).toMatch(/^pi_[A-Za-z0-9_-]{43}$/);
    await expect(site.command('token', 'list', '-o', 'json')).resolves.toContain('"lastUsedAtMs"');
    const files = [path.join(site.dir, 'state', 'state.db'), path.join(site.dir, 'state', 'state.db-wal')];
    for (const file of files) expect((await readFile(file, 'latin1')).includes(token.slice(3))).toBe(false);
    expect(service.lines.join('\n')).not.toContain(token.slice(3));
  });

  test('drives a service from the command line', async () => {
    await makeToken('remote', 'admin');
    const remote = ['--server', 'http://127.0.0.1:8443', '--token-file', tokenFile('remote')];
    const cli = (...args: readonly string[]) => site.net.run('storage', site.argv(...remote, ...args));

    expect(await cli('token', 'create', 'more', '--scope', 'read')).toMatch(/^pi_.{43}\n$/);
    expect(await cli('token', 'list', '-o', 'name')).toMatch(/^remote\nmore$/m);
    expect(await cli('status', '-o', 'json')).toContain('"name": "node01"');
    await expect(cli('config', 'check')).rejects.toThrow('does not take --server');
  });
});

test('every question is answered as the document says', async () => {
  await makeToken('reader', 'admin');
  await site.powerOn();
  const begun = await curl('reader', '/roles/login:assign', ...json('POST', { nodes: ['node01'] }));
  expect(begun).toMatchObject({ status: 202, body: { operation: '1' } });
  expect(await curl('reader', '/operations/1:cancel', '-X', 'POST')).toMatchObject({ status: 200 });
  const document = readDocument(apiRoutes('0.1.0'));
  const validatorOf = answerValidators(document);
  /** They are no JSON; and there is no rollout without nodes that have come up. */
  const others = new Set(['followEvents', 'watchCluster', 'getMetrics', 'getDocsPage', 'getRollout']);
  const questions = promisedAnswers(document).filter(
    ({ method, status, operation }) => method === 'GET' && status === 200 && !others.has(operation.operationId),
  );
  const places: Readonly<Record<string, string>> = {
    '/roles/node01': '/roles/compute',
    '/roles/node01/history': '/roles/compute/history',
    '/operations/12': '/operations/1',
    '/overlays/node01': '/overlays/base',
    '/tokens/node01': '/tokens/reader',
    '/images/node01/20261121.1': '/images/small/20261121.1',
  };
  const wrong: string[] = [];
  for (const { path: route, answer } of questions) {
    const { status, body } = await curl('reader', places[route] ?? route);
    const validate = validatorOf(answer);
    if (status !== 200 || !validate(body)) wrong.push(`${route} ${status}: ${JSON.stringify(validate.errors)}`);
  }

  expect(questions.length).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});

test('nobody gets in by another name, from another machine, or without a token; the socket asks for none', async () => {
  const ask = (...args: readonly string[]) =>
    site.net.run('storage', ['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', ...args]);

  expect(await ask(`${base}/nodes`)).toBe('401');
  expect(await ask('-H', 'host: evil.example', `${base}/openapi.json`)).toBe('421');
  expect(await ask('--unix-socket', site.socket, 'http://localhost/api/v1/tokens')).toBe('200');
  await expect(site.onBoard('curl', '-sS', 'http://10.42.0.1:8443/healthz')).rejects.toThrow('onnect');
});
