/** The whole service under attack: a node that runs is not replaced by whoever claims to be its board, and slow clients keep nobody out. */
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { NamespaceProgram } from '../support/namespaces.ts';
import { boardAddress, boardNode, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

/** On a machine that does other things too. */
const patience = { timeout: 300_000 };

const http = `http://${storageAddress}/boot/v1`;

let site: ServeFixture;
let service: NamespaceProgram;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
});
afterEach(() => site.close());

const onBoard = (...args: readonly string[]) => site.onBoard('curl', '-sS', ...args);
const bearer = (of: string) => ['-H', `authorization: Bearer ${of}`] as const;
const status = (...args: readonly string[]) => onBoard('-o', '/dev/null', '-w', '%{http_code}', ...args);
const place = (name: string) => path.join(site.dir, name);

async function startService(): Promise<void> {
  await site.apply([boardNode]);
  service = await site.serve('--no-time');
}

/** Under its boot's key, as its agent does: a heartbeat that is held, and the next one at once. */
const agentOf = (key: string) => `
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function beat(digest) {
  const fields = { phase: 'ready', uptime: '30', load: '0.1', ...(digest && { digest, wait: '8' }) };
  const headers = { authorization: 'Bearer ${key}' };
  const answer = await fetch('${http}/heartbeat', { method: 'POST', headers, body: new URLSearchParams(fields) });
  const said = await answer.text();
  console.log(said.trim().replace('\\n', ' '));
  return /live ([0-9a-f]{64})/.exec(said)?.[1];
}
async function run() {
  for (let digest; ; ) digest = await beat(digest).catch(() => rest(200));
}
void run();
`;

interface Booted {
  readonly token: string;
  readonly key: string;
}

async function token(): Promise<string> {
  const line = await onBoard(`tftp://${storageAddress}/cmdline.txt`);
  return /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
}

/** From its DISCOVER until it is ready. */
async function bootToReady(): Promise<Booted> {
  await site.powerOn();
  const of = await token();
  const tar = place('overlay.tar');
  const [sum] = (await onBoard(...bearer(of), `${http}/overlay.sha256`)).split(' ');
  await onBoard(...bearer(of), '-o', tar, `${http}/overlay.tar`);
  const key = (await site.onBoard('tar', '-xOf', tar, 'etc/pi-image/boot.key')).trim();
  const report = (as: string, fields: string) => onBoard('-f', ...bearer(as), '-d', fields, `${http}/phase`);
  await report(of, `phase=overlay&uptime=4&agent=yes&digest=${sum}`);
  await report(key, 'phase=userspace&uptime=6');
  await report(key, 'phase=ready&uptime=9');
  await onBoard(...bearer(key), '-d', 'phase=ready&uptime=10&load=0.1', `${http}/heartbeat`);
  return { token: of, key };
}

test(
  'a DISCOVER for a node that runs gets it no token and raises an alarm; when it is silent, its board boots',
  patience,
  async () => {
    await startService();
    const { key } = await bootToReady();
    const agent = site.net.start('board', [process.execPath, '-e', agentOf(key)]);
    await agent.line(/^live /);

    await site.powerOn();
    await service.line(/boot\.impostor .*node=node01/);
    await agent.line(/^live .* check$/);
    expect(await status(`${http}/files/cmdline.txt`)).toBe('404');
    await expect(token()).rejects.toThrow('curl');

    agent.signal('SIGKILL');
    await agent.ended;
    await site.powerOn();
    expect(await token()).toMatch(/^[\w-]{43}$/);
  },
);

/** Opens so many connections, sends a character a second, and says when they have gone. */
const slowClients = (count: number) => `
const { connect } = require('node:net');
let closed = 0;
for (let each = 0; each < ${count}; each++) {
  const socket = connect(80, '${storageAddress}');
  socket.on('error', () => undefined);
  const timer = setInterval(() => socket.write('x'), 1000);
  socket.on('connect', () => socket.write('GET /boot/v1/clock HTTP/1.1\\r\\nx-slow: '));
  socket.on('close', () => {
    clearInterval(timer);
    closed++;
    if (closed === 1 || closed === ${count}) console.log('closed', closed);
  });
}
setTimeout(() => console.log('all opened'), 1500);
`;

test(
  'a board that opens a hundred connections and dawdles has 64 of them, for some seconds; others are served',
  patience,
  async () => {
    await startService();
    await site.powerOn();
    await site.onBoard('ip', 'address', 'add', '10.42.0.12/24', 'dev', 'end0');
    const startedAtMs = Date.now();
    const slow = site.net.start('board', [process.execPath, '-e', slowClients(100)]);
    await slow.line(/all opened/);

    const other = ['--interface', '10.42.0.12', '-m', '2', '-o', '/dev/null', '-w', '%{http_code}'];
    expect(await onBoard(...other, `${http}/clock`)).toBe('200');
    expect(slow.lines.some((line) => line === 'closed 1')).toBe(true);
    await expect(status('--interface', boardAddress, '-m', '2', `${http}/clock`)).rejects.toThrow('curl');

    await slow.line(/closed 100/);
    expect(Date.now() - startedAtMs).toBeLessThan(20_000);
    expect(await status(`${http}/clock`)).toBe('200');
  },
);
