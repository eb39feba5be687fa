import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { bootFileFinder } from '../../src/serve/boot-files.ts';
import { createHeartbeats } from '../../src/serve/heartbeats.ts';
import { httpBoot } from '../../src/serve/http-boot.ts';
import { serveHttp } from '../../src/serve/http-server.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { nodeOverlays } from '../../src/serve/node-overlay.ts';
import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';
import { startHttp } from '../support/start-http.ts';

const mungeKey = Buffer.from('the-munge-key-of-this-cluster');
const secrets = { mungeKey, sshHostKey: Buffer.from('host key') };
const kernel = Buffer.alloc(1000, 'k');
const manifest = sampleManifest({
  bootFiles: { 'kernel8.img': { sha256: '0'.repeat(64), sizeBytes: kernel.length } },
});
/** The peer of a test is this machine. */
const here: NodeSpec = { ...sampleNode('node01'), address: parseIpv4('127.0.0.1') };
const viewWith = (nodes: readonly NodeSpec[]) => sampleView({ nodes, images: new Map([['debian-lite', [manifest]]]) });

let sample: Awaited<ReturnType<typeof sampleBoots>>;
let base: string;
let port: number;
let stop: () => Promise<void>;

beforeEach(async () => {
  sample = await sampleBoots();
  sample.world.view = viewWith([here]);
  const imagesDir = path.join(sample.stateDir, 'images');
  const bootDir = path.join(imagesDir, 'debian-lite', manifest.version, 'boot');
  await mkdir(bootDir, { recursive: true });
  await writeFile(path.join(bootDir, 'kernel8.img'), kernel);
  await writeFile(path.join(bootDir, '..', 'manifest.json'), '{"not":"served"}');
  const find = bootFileFinder({ ...sample, imagesDir });
  const overlayOf = nodeOverlays({ ...sample, secretsFor: () => Promise.resolve(secrets) });
  const now = () => sample.world.nowMs;
  const liveParts = createLiveParts({ ...sample, secretsFor: () => Promise.resolve(secrets) });
  const [heartbeats, overlayChecks] = [createHeartbeats(now), createOverlayChecks()];
  const handler = httpBoot({ ...sample, heartbeats, liveParts, overlayChecks, overlayOf, find, now });
  ({ port, stop } = await startHttp(handler));
  base = `http://127.0.0.1:${port}/boot/v1`;
});
afterEach(async () => {
  await stop();
  await sample.remove();
});

async function begin(): Promise<string> {
  await sample.boots.arrive(here, 'm', 'discover');
  return sample.boots.all().at(-1)?.token ?? 'none';
}
interface Ask {
  readonly method?: string;
  readonly body?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
}
const ask = (route: string, token?: string, init: Ask = {}) =>
  fetch(`${base}/${route}`, {
    ...init,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...init.headers },
  });
const report = (token: string | undefined, fields: Record<string, string>) =>
  ask('phase', token, { method: 'POST', body: new URLSearchParams(fields) });

test('the clock is told to anybody', async () => {
  const answer = await ask('clock');

  expect(await answer.text()).toBe('1800000000\n');
  expect(answer.headers.get('date')).not.toBeNull();
});

test('a boot from its token to its hand-over', async () => {
  const token = await begin();

  const [sum = '', name] = (await (await ask('overlay.sha256', token)).text()).trim().split('  ');
  const tar = Buffer.from(await (await ask('overlay.tar', token)).arrayBuffer());
  expect(name).toBe('overlay.tar');
  expect(createHash('sha256').update(tar).digest('hex')).toBe(sum);
  expect(tar.includes(mungeKey)).toBe(true);
  expect((await report(token, { phase: 'root', uptime: '3.62' })).status).toBe(204);
  expect((await report(token, { phase: 'overlay', uptime: '3.9', digest: sum })).status).toBe(204);

  expect(sample.boots.all()[0]?.closed?.reason).toBe('handed-over');
  expect((await ask('overlay.tar', token)).status).toBe(403);
});

test('the overlay of one boot does not change, although its live part would', async () => {
  const token = await begin();
  const first = await (await ask('overlay.sha256', token)).text();

  sample.world.view = viewWith([here, sampleNode('login')]);

  expect(await (await ask('overlay.sha256', token)).text()).toBe(first);
});

test('an overlay keeps the role that its boot began with', async () => {
  const token = await begin();
  sample.world.view = viewWith([{ ...here, role: 'login' }]);

  const tar = Buffer.from(await (await ask('overlay.tar', token)).arrayBuffer());

  expect(tar.includes('slurmd.service')).toBe(true);
});

describe('is refused', () => {
  test.each<[string, string | undefined]>([
    ['no token', undefined],
    ['a wrong token', 'x'.repeat(43)],
    ['a token with a space', 'a b'],
  ])('%s', async (_name, token) => {
    const right = await begin();

    for (const route of ['overlay.tar', 'overlay.sha256']) {
      const answer = await ask(route, token);
      const body = await answer.text();
      expect(answer.status).toBe(403);
      expect(body.trim().split('\n')).toHaveLength(1);
      expect(body).not.toContain(right);
    }
    expect((await report(token, { phase: 'root' })).status).toBe(403);
    expect(sample.lines.join('\n')).not.toContain(right);
  });

  test.each<[string, Record<string, string>, number]>([
    ['a phase that does not exist', { phase: 'party' }, 400],
    ['ready, which no initramfs can know', { phase: 'ready' }, 400],
    ['no phase', {}, 400],
    ['the digest of another overlay', { phase: 'overlay', digest: '0'.repeat(64) }, 409],
    ['a report of 5 kB', { phase: 'root', detail: 'x'.repeat(5000) }, 413],
  ])('%s', async (_name, fields, status) => {
    expect((await report(await begin(), fields)).status).toBe(status);
  });
});

test('a detail cannot end its log line, and an uptime that is none is left out', async () => {
  await report(await begin(), { phase: 'failed', uptime: '1e999', detail: 'a\nb' });

  expect(sample.boots.all()[0]).toMatchObject({ closed: { reason: 'failed' } });
  expect(sample.boots.all()[0]?.phases.at(-1)).toMatchObject({ phase: 'failed', detail: 'a\nb' });
});

describe('boot files', () => {
  test('are those of TFTP, whole, in parts and by HEAD', async () => {
    await begin();

    const whole = await ask('files/kernel8.img');
    const part = await ask('files/kernel8.img', undefined, { headers: { range: 'bytes=0-9' } });
    const head = await ask('files/kernel8.img', undefined, { method: 'HEAD' });

    expect(Buffer.from(await whole.arrayBuffer()).equals(kernel)).toBe(true);
    expect([part.status, (await part.text()).length]).toEqual([206, 10]);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1000']);
    expect(await (await ask('files/config.txt')).text()).toContain('kernel=kernel8.img');
    expect(sample.boots.all()[0]?.files).toBe(3);
  });

  test.each([
    'files/../manifest.json',
    'files/..%2fmanifest.json',
    'files/%2e%2e/manifest.json',
    'files/%2fetc%2fpasswd',
    'files/kernel8.img%00',
    'files/%ff',
    'files/nothing',
    'files/',
    '../../etc/passwd',
  ])('%s leaves no folder', async (route) => {
    await begin();

    // fetch() would tidy the path before it is sent.
    const answer = await raw(`GET /boot/v1/${route} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toMatch(/"not":|root:|at .*\.ts:/);
  });
});

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', reject);
  });
}

test('a taken port is said with its cure', async () => {
  const options = { handler: () => undefined, signal: AbortSignal.timeout(5000), onListening: () => undefined };

  await expect(serveHttp({ ...options, listen: { address: '127.0.0.1', port } })).rejects.toMatchObject({
    message: `cannot serve HTTP on 127.0.0.1:${port}`,
    hint: expect.stringContaining('ss -ltnp'),
  });
});

test('an open connection does not hold up the end of the service', async () => {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.on('error', () => undefined);

  const startedAtMs = Date.now();
  await stop();

  expect(Date.now() - startedAtMs).toBeLessThan(1000);
  socket.destroy();
});
