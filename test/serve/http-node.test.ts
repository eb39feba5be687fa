/** What the system of a node may do after the hand-over: with the overlays that ship, over HTTP. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { agentStorageNode, beginOn, type AgentStorageNode } from '../support/agent-node.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleNode } from '../support/sample-view.ts';

let storage: AgentStorageNode;
beforeEach(async () => {
  storage = await agentStorageNode();
});
afterEach(async () => {
  await storage.server.stop();
  await storage.remove();
});

const boot = () => storage.boots.all().at(-1) as Boot;
const url = (route: string) => `http://127.0.0.1:${storage.server.port}/boot/v1/${route}`;
const bearer = (key: string | undefined) => (key === undefined ? undefined : { authorization: `Bearer ${key}` });
const get = (route: string, key?: string) => fetch(url(route), { headers: { ...bearer(key) } });
const post = (route: string, key: string | undefined, fields: Record<string, string>) =>
  fetch(url(route), { method: 'POST', headers: { ...bearer(key) }, body: new URLSearchParams(fields) });

const alive = { phase: 'ready', uptime: '30', load: '0.1' };

/** As far as the initramfs goes. @returns what the node has then */
async function handOver(fields: Record<string, string> = { agent: 'yes' }): Promise<{ key: string; tar: Buffer }> {
  const { token } = await beginOn(storage);
  const tar = Buffer.from(await (await get('overlay.tar', token)).arrayBuffer());
  const { overlaySha256 = '', key = '' } = boot();
  const answer = await post('phase', token, { phase: 'overlay', uptime: '5', digest: overlaySha256, ...fields });
  expect(answer.status).toBe(204);
  return { key, tar };
}

test('a boot goes on under its key until it is ready, and the node speaks on', async () => {
  const { key } = await handOver();
  expect([boot().closed, boot().token]).toEqual([undefined, undefined]);

  for (const phase of ['userspace', 'waiting', 'ready']) {
    expect(
      (await post('phase', key, { phase, uptime: '9', detail: phase === 'waiting' ? 'slurm controller' : '' })).status,
    ).toBe(204);
  }

  expect(boot().phases.slice(-3)).toMatchObject([
    { phase: 'userspace' },
    { phase: 'waiting', detail: 'slurm controller' },
    { phase: 'ready' },
  ]);
  expect(boot().closed?.reason).toBe('ready');
  expect((await post('heartbeat', key, alive)).status).toBe(200);
  expect(storage.heartbeats.of('node01')).toMatchObject({ phase: 'ready', boot: boot().id });
});

test('a boot that was ready stays so, whatever becomes of the node', async () => {
  const { key } = await handOver();
  await post('phase', key, { phase: 'ready' });
  await post('phase', key, { phase: 'failed', detail: 'slurmd.service: out of memory' });
  await post('heartbeat', key, { ...alive, phase: 'failed', detail: 'slurmd.service: out of memory' });

  expect(boot().closed?.reason).toBe('ready');
  expect(storage.heartbeats.of('node01')).toMatchObject({ phase: 'failed', detail: 'slurmd.service: out of memory' });
});

test('a boot that failed is ready when its node says so later', async () => {
  const { key } = await handOver();
  await post('phase', key, { phase: 'failed', detail: 'slurmd.service: no key' });
  expect(boot().closed?.reason).toBe('failed');

  await post('phase', key, { phase: 'ready' });

  expect(boot().closed?.reason).toBe('ready');
});

test('without an agent that the initramfs leaves, the boot is over with the hand-over', async () => {
  await handOver({});

  expect(boot().closed?.reason).toBe('handed-over');
});

test('key and overlay are on the disk before the overlay leaves, so a service that was killed knows the node', async () => {
  const { key } = await handOver();

  const later = await sampleBoots(storage.stateDir);

  expect(later.boots.authoriseKey(key, '127.0.0.1')).toMatchObject({ kind: 'valid' });
  expect(key).toMatch(/^[\w-]{43}$/);
  await later.database.close();
});

test('the key is in the overlay and nowhere else', async () => {
  const { key, tar } = await handOver();
  const { tar: live } = await liveTar(key);

  expect(tar.includes(key)).toBe(true);
  expect(live.includes(key)).toBe(false);
  expect(live.includes('etc/pi-image/boot.key')).toBe(false);
  expect(live.includes('the secret mungeKey')).toBe(true);
  expect(storage.lines.join('\n')).not.toContain(key);
});

async function liveTar(key: string) {
  const answer = await get('live.tar', key);
  return { status: answer.status, tar: Buffer.from(await answer.arrayBuffer()) };
}

describe('the answer to a heartbeat', () => {
  const digestOf = async (answer: Response) => (await answer.text()).trim().replace('live ', '');

  test('names the live files that the node should have, which the overlay brought', async () => {
    const { key, tar } = await handOver();

    const digest = await digestOf(await post('heartbeat', key, alive));

    expect(tar.includes(`${digest}\netc/hosts\n`)).toBe(true);
  });

  test('is held until they change', async () => {
    const { key } = await handOver();
    const digest = await digestOf(await post('heartbeat', key, alive));
    const startedAtMs = Date.now();
    const held = post('heartbeat', key, { ...alive, digest, wait: '8' });
    await sleep(300);
    const changedAtMs = Date.now();
    storage.world.view = storage.viewWith(sampleNode('node02'));

    const next = await digestOf(await held);

    expect(changedAtMs - startedAtMs).toBeGreaterThanOrEqual(300);
    expect(Date.now() - changedAtMs).toBeLessThan(3000);
    expect(next).not.toBe(digest);
    expect((await liveTar(key)).tar.includes('10.42.0.12 node02')).toBe(true);
  });

  test('asks the node to look at its files at once when somebody wants to know', async () => {
    const { key } = await handOver();
    const digest = await digestOf(await post('heartbeat', key, alive));
    const held = post('heartbeat', key, { ...alive, digest, wait: '8' });
    await sleep(200);
    const askedAtMs = Date.now();
    const looked = storage.overlayChecks.ask('node01', 5000);

    expect(await (await held).text()).toBe(`live ${digest}\ncheck\n`);
    expect(Date.now() - askedAtMs).toBeLessThan(3000);
    const found = { checked: '29', drifted: '1', drift: 'changed:etc/hosts' };
    expect(await digestOf(await post('heartbeat', key, { ...alive, digest, ...found }))).toBe(digest);
    expect(await looked).toBe(true);
    expect(storage.heartbeats.of('node01')?.drift?.files).toEqual([{ what: 'changed', path: 'etc/hosts' }]);
  });

  test('comes also when very much differs', async () => {
    const { key } = await handOver();
    const drift = Array.from({ length: 20 }, (_, index) => `changed:etc/${'x'.repeat(240)}${index}`).join(' ');

    expect((await post('heartbeat', key, { ...alive, checked: '29', drifted: '99', drift })).status).toBe(200);
    expect(storage.heartbeats.of('node01')?.drift).toMatchObject({ count: 99, files: { length: 20 } });
  });

  test('is "none" for a node that is none any more', async () => {
    const { key } = await handOver();
    storage.world.view = { ...storage.viewWith(), nodes: [] };

    expect(await (await post('heartbeat', key, alive)).text()).toBe('none\n');
    expect((await liveTar(key)).status).toBe(500);
  });
});

describe('is refused', () => {
  test.each(['userspace', 'waiting', 'ready'])('%s under the token', async (phase) => {
    const { token } = await beginOn(storage);

    expect((await post('phase', token, { phase })).status).toBe(400);
  });

  test.each(['kernel', 'network', 'root', 'overlay'])('%s under the key', async (phase) => {
    const { key } = await handOver();

    expect((await post('phase', key, { phase })).status).toBe(400);
  });

  test('the token for what takes the key, and the key for what takes the token', async () => {
    const { token } = await beginOn(storage);
    await get('overlay.sha256', token);
    const { key } = boot();

    expect((await get('live.tar', token)).status).toBe(403);
    expect((await post('heartbeat', token, alive)).status).toBe(403);
    expect((await get('overlay.tar', key)).status).toBe(403);
    expect((await post('heartbeat', undefined, alive)).status).toBe(403);
  });

  test('a heartbeat that says nothing', async () => {
    const { key } = await handOver();

    expect((await post('heartbeat', key, { phase: 'ready' })).status).toBe(400);
    expect(storage.heartbeats.of('node01')).toBeUndefined();
  });
});
