/** What somebody tries at the API of the whole service over TCP: every route of its document, with everything that a path can hold. */
import { once } from 'node:events';
import { connect } from 'node:net';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { readDocument, type Operation } from '../support/api-document.ts';
import { sampleSite } from '../support/command-line.ts';
import { serveSite } from '../support/serve-site.ts';

interface Target {
  readonly method: string;
  /** With {name} in it. */
  readonly path: string;
  readonly operation: Operation;
}

const document = readDocument(apiRoutes('0.1.0'));
const targets: Target[] = Object.entries(document.paths).flatMap(([path, { parameters: _all, ...operations }]) =>
  Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);
const named = targets.filter(({ path }) => path.includes('{'));

/** What stands in the place of a name, as it is sent. */
const tricks = [
  '.',
  '..',
  '%2e%2e',
  '%252e%252e',
  '..%2f..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fstate%2fstate.db',
  '%2fetc%2fpasswd',
  '..%5c..%5cstate.db',
  '%00',
  'node01%00',
  'node01%0a',
  '%0d%0aset-cookie:%20x=1',
  '%1b%5b2J',
  '%ff%fe',
  '%c0%ae%c0%ae',
  '%F0%9F%90%A7',
  'n%C3%B6de01',
  '%E2%80%AEnode01',
  'x'.repeat(3000),
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '%24%28reboot%29',
  '%60reboot%60',
  'node01%3Breboot',
  '%7B%7Bnode.name%7D%7D',
  '%27%20OR%201=1--',
  '-rf',
  '%20',
  '*',
];

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sent as it is: no client in between that tidies a path or refuses a header. */
async function ask(url: string, { method, path, token, headers = {}, body = '' }: Asked): Promise<Answer> {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    // A stream of events has no end.
    if (chunk.includes('text/event-stream')) socket.destroy();
  });
  socket.on('error', () => undefined);
  const all = {
    host,
    connection: 'close',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== '' && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} /api/v1${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  return { status: Number(text.slice(9, 12)), head: text.slice(0, end), body: text.slice(end + 4) };
}

const exampleOf = ({ requestBody }: Operation) => {
  const [body] = Object.values(requestBody?.content ?? {});
  return body === undefined ? '' : JSON.stringify(body.example);
};

/** A service of its own with the sample's nodes, and a token of each scope. */
async function served() {
  const site = await sampleSite();
  await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  const service = await serveSite(site.dir);
  const tokenFor = async (scope: 'read' | 'operate' | 'admin') =>
    `pi_${(await service.tokens.create(scope, scope)).secret}`;
  return { ...service, dir: site.dir, admin: await tokenFor('admin'), read: await tokenFor('read') };
}

const isRefused = (status: number) => status >= 400 && status < 500;

test('a path that names no resource is refused by every route, and changes nothing', { timeout: 60_000 }, async () => {
  const { url, admin, state } = await served();
  const before = state.current().nodes;
  const odd: string[] = [];

  for (const { method, path, operation } of named) {
    for (const trick of tricks) {
      const tricked = path.replaceAll(/\{\w+\}/g, () => trick);
      const body = exampleOf(operation);
      const answer = await ask(url, { method, path: tricked, token: admin, body });
      const isSound =
        isRefused(answer.status) &&
        !/^set-cookie/im.test(answer.head) &&
        answer.head.includes('application/problem+json') &&
        !/root:x|SQLite|node_modules|at \S+\.ts/.test(answer.body);
      if (!isSound) odd.push(`${method} ${path} with ${trick.slice(0, 50)}: ${answer.status} ${answer.body}`);
    }
  }

  expect(named.length).toBeGreaterThan(20);
  expect(odd).toEqual([]);
  expect(state.current().nodes).toBe(before);
});

const node = { name: 'node09', serial: '9ffefd09', board: 'pi4', address: '10.42.0.19', role: 'compute' };

const wrongNodes: readonly [string, Record<string, unknown>][] = [
  ['a path', { name: '../../etc' }],
  ['a newline', { name: 'node\n09' }],
  ['a template', { name: '{{secrets.mungeKey}}' }],
  ['a command', { name: '$(reboot)' }],
  ['an option', { name: '-oProxyCommand=reboot' }],
  ['upper case and spaces', { name: 'Node 09' }],
  ['other letters', { name: 'nöde09' }],
  ['64 letters', { name: 'a'.repeat(64) }],
  ['a role with a path', { role: '../login' }],
  ['a role of the prototype', { role: 'constructor' }],
  ['an address that is a name', { address: 'evil.example' }],
  ['an address outside', { address: '169.254.169.254' }],
  ['a variable with a newline', { vars: { rack: 'a\nroot::0:0' } }],
  ['a variable with a carriage return', { vars: { rack: 'a\rb' } }],
  ['a variable with an escape', { vars: { rack: '\u001b]0;x\u0007' } }],
  ['a variable with a next-line character', { vars: { rack: 'a\u0085b' } }],
  ['a variable with a line separator', { vars: { rack: 'a\u2028b' } }],
  ['a variable named as a path', { vars: { '../rack': 'a' } }],
  ['a variable of the prototype', { vars: { constructor: { a: 1 } } }],
  ['a switch with a path', { power: { switch: '../sw', port: 1 } }],
];

test('a node whose names and variables would break out of their line is refused, and changes nothing', async () => {
  const { url, admin, state } = await served();
  const before = state.current().nodes;
  const post = (body: object) => ask(url, { method: 'POST', path: '/nodes', token: admin, body: JSON.stringify(body) });

  const taken: string[] = [];
  for (const [what, wrong] of wrongNodes) {
    const { status } = await post({ ...node, ...wrong });
    if (!isRefused(status)) taken.push(`${what}: ${status}`);
  }

  expect(taken).toEqual([]);
  expect(state.current().nodes).toBe(before);
  expect((await post(node)).status).toBeLessThan(300);
});

test('keys of the prototype in a body reach no object', async () => {
  const { url, read, admin } = await served();
  const body =
    '{"__proto__":{"scope":"admin"},"constructor":{"prototype":{"scope":"admin"}},"name":"x","scope":"read"}';

  expect((await ask(url, { method: 'POST', path: '/tokens', token: admin, body })).status).toBe(400);
  expect((await ask(url, { method: 'GET', path: '/tokens', token: read })).status).toBe(403);
  expect(({} as Record<string, unknown>)['scope']).toBeUndefined();
});

describe('a body', () => {
  test('of more than 4 MB is refused, and without a token it is not even read', async () => {
    const { url, admin } = await served();
    const put = { method: 'PUT', path: '/nodes' };
    const body = JSON.stringify([{ name: 'x'.repeat(5_000_000) }]);

    expect((await ask(url, { ...put, token: admin, body })).status).toBe(413);
    // Of this one nothing comes, and nobody waits for it.
    const headers = { 'content-type': 'application/json', 'content-length': '5000000' };
    expect((await ask(url, { ...put, headers })).status).toBe(401);
  });

  test('that is no list of nodes, however deep or broken, is refused', async () => {
    const { url, admin } = await served();
    const bodies = [
      '['.repeat(1_000_000),
      '['.repeat(100_000) + ']'.repeat(100_000),
      '{"a":',
      '1e999',
      'null',
      '"\ud800"',
    ];

    const statuses = [];
    for (const body of bodies) {
      statuses.push((await ask(url, { method: 'PUT', path: '/nodes', token: admin, body })).status);
    }

    expect(statuses).toEqual(bodies.map(() => 400));
  });
});

describe('a page in a browser on this machine', () => {
  const changes = targets.filter(({ method }) => method !== 'GET');
  const evil = { origin: 'http://evil.example', cookie: 'token=x', 'sec-fetch-site': 'cross-site' };

  test('changes nothing: no cookie speaks for it, and no other site may send a token or read an answer', async () => {
    const { url } = await served();
    const odd: string[] = [];

    for (const { method, path, operation } of changes) {
      const filled = path.replaceAll(/\{\w+\}/g, 'node01');
      const headers = { ...evil, 'content-type': 'text/plain' };
      const sent = await ask(url, { method, path: filled, headers, body: exampleOf(operation) });
      const asksFirst = { ...evil, 'access-control-request-method': method };
      const preflight = await ask(url, { method: 'OPTIONS', path: filled, headers: asksFirst });
      const isSound =
        sent.status === 401 && isRefused(preflight.status) && !/access-control-allow/i.test(sent.head + preflight.head);
      if (!isSound) odd.push(`${method} ${path}: ${sent.status}, ${preflight.status}`);
    }

    expect(changes.length).toBeGreaterThan(15);
    expect(odd).toEqual([]);
  });

  test('that has pointed a name of its own here is told that this is another server, even with a token', async () => {
    const { url, admin } = await served();
    const headers = { host: 'evil.example:8443' };

    expect((await ask(url, { method: 'GET', path: '/nodes', token: admin, headers })).status).toBe(421);
  });

  test('sends a body as JSON or is refused, with the right token too', async () => {
    const { url, admin } = await served();
    const headers = { 'content-type': 'text/plain' };
    const body = JSON.stringify({ role: 'login' });
    const path = '/nodes/node01/role';

    expect((await ask(url, { method: 'PUT', path, token: admin, headers, body })).status).toBe(415);
  });
});

test('what the API takes names no address to fetch anything from: those stand in files of the administrator', () => {
  const isAddress = /^(?:url|uri|href|link|callback|webhook|endpoint|catalog|registry|proxy)s?$/i;
  const taken = targets.flatMap(({ operation }) => keysOf(inlined(operation.requestBody)));

  expect(taken.length).toBeGreaterThan(100);
  expect(taken.filter((key) => isAddress.test(key))).toEqual([]);
});

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [key].concat(keysOf(below)));
}

/** With what its references lead to. */
function inlined(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 20) return value;
  const { $ref: reference } = value as { readonly $ref?: string };
  if (reference === undefined) {
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, inlined(below, depth + 1)]));
  }
  const step = (at: unknown, part: string) => (at as Record<string, unknown>)[part];
  return inlined(reference.slice(2).split('/').reduce<unknown>(step, document), depth + 1);
}

describe('a token', () => {
  test('that is guessed at is answered with a wait, and a right one meanwhile is not', async () => {
    const { url, read } = await served();
    const get = (token: string) => ask(url, { method: 'GET', path: '/nodes', token });

    const guesses = [];
    for (let count = 0; count < 40; count += 1) guesses.push((await get(`pi_${'x'.repeat(43)}${count}`)).status);

    expect(guesses.slice(0, 10).every((status) => status === 401)).toBe(true);
    expect(guesses.slice(-20).every((status) => status === 429)).toBe(true);
    expect((await get(read)).status).toBe(200);
  });

  test('is of no use as its hash, cut, lengthened, in other letters or without its beginning', async () => {
    const { url, admin, tokens } = await served();
    const hash = tokens.list().find(({ scope }) => scope === 'admin')?.sha256 ?? '';
    const others = [`pi_${hash}`, hash, admin.slice(0, -1), `${admin}A`, admin.toUpperCase(), admin.slice(3)];

    const statuses = [];
    for (const token of others) statuses.push((await ask(url, { method: 'GET', path: '/nodes', token })).status);

    expect(statuses).toEqual(others.map(() => 401));
  });

  test('that was revoked is worth nothing from then on', async () => {
    const { url, read, tokens } = await served();
    const get = async () => (await ask(url, { method: 'GET', path: '/nodes', token: read })).status;
    expect(await get()).toBe(200);

    await tokens.revoke(tokens.list().find(({ scope }) => scope === 'read')?.id ?? '', 'test');

    expect(await get()).toBe(401);
  });

  test('that has expired is worth nothing from then on, by any route and for a stream that it has opened', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    onTestFinished(() => void vi.useRealTimers());
    const { url, tokens } = await served();
    const expiresAtMs = Date.now() + 3_600_000;
    const { secret } = await tokens.create('brief', 'admin', { expiresAtMs });
    const token = `pi_${secret}`;
    expect((await ask(url, { method: 'GET', path: '/nodes', token })).status).toBe(200);
    const stream = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
    expect(stream.status).toBe(200);
    vi.setSystemTime(expiresAtMs);

    const answered: string[] = [];
    for (const { method, path, operation } of targets) {
      const filled = path.replaceAll(/\{\w+\}/g, 'node01');
      const { status, body } = await ask(url, { method, path: filled, token, body: exampleOf(operation) });
      if (status !== 401 || !body.includes('has expired on')) answered.push(`${method} ${path}: ${status} ${body}`);
    }
    // What happens next is not told to it any more.
    await tokens.create('other', 'read');

    expect(answered).toEqual([]);
    expect(await stream.text()).not.toContain('other');
    expect(tokens.list().find(({ name }) => name === 'brief')?.lastUsedAtMs).toBeDefined();
  });
});
