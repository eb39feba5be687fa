/** overlays/base's agent, run by the shells that nodes have, against the storage node's real HTTP. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, describe, expect, test } from 'vitest';

import { sampleNode } from './support/sample-view.ts';
import { agentStorageNode, bootHealthy, shells, type AgentStorageNode } from './support/agent-node.ts';
import { isMissing } from './support/programs.ts';

/** The agent runs on the busybox that the initramfs leaves behind. */
const isAbsent = isMissing('busybox');

type Node = Awaited<ReturnType<typeof bootHealthy>>;

let storage: AgentStorageNode;
let node: Node;
afterEach(async () => {
  await node.remove();
  await storage.server.stop();
  await storage.remove();
});

async function boot(shell: readonly string[] = ['dash'], wrap?: (handler: RequestListener) => RequestListener) {
  storage = await agentStorageNode(wrap);
  node = await bootHealthy(storage, shell);
}

const phases = () => storage.boots.all()[0]?.phases.map(({ phase }) => phase) ?? [];
const heartbeat = () => storage.heartbeats.of('node01');
const until = (what: () => unknown) => expect.poll(what, { timeout: 15_000, interval: 20 });

describe.skipIf(isAbsent).each(shells)('%s', (_name, shell) => {
  test('tells that the system starts, then that it is ready, then how it is', async () => {
    await boot(shell);
    await node.answer('is-active', 'activating\n');
    await node.answer('is-system-running', 'starting\n');
    node.start();
    await until(() => heartbeat()?.phase).toBe('userspace');

    // In the order of systemd. The other way round, an agent that looks in between rightly tells of a unit that it waits for.
    await node.answer('is-active', 'active\n');
    await node.answer('is-system-running', 'running\n');
    await until(() => heartbeat()?.phase).toBe('ready');

    expect(phases().slice(-3)).toEqual(['overlay', 'userspace', 'ready']);
    expect(storage.boots.all()[0]?.closed?.reason).toBe('ready');
    expect(heartbeat()).toMatchObject({ boot: storage.boots.all()[0]?.id, load: expect.any(Number) });
    expect(heartbeat()?.uptimeSeconds).toBeGreaterThan(1);
    expect(heartbeat()?.liveDigest).toBe((await node.read('etc/pi-image/live')).split('\n')[0]);
  });

  test('takes live files that change, at once and each as a whole, and runs what wants to know', async () => {
    await boot(shell);
    await node.addHook('note', `#!/bin/sh\necho "$@" > '${node.root}/noted'\n`);
    node.start();
    await until(() => heartbeat()?.phase).toBe('ready');
    const before = await node.read('etc/hosts');
    const mungeKey = statSync(path.join(node.root, 'etc/munge/munge.key'));
    const changedAtMs = Date.now();

    storage.world.view = storage.viewWith(sampleNode('node02'));
    await until(() => readFileSync(path.join(node.root, 'etc/hosts'), 'utf8')).toContain('10.42.0.12 node02');
    const tookMs = Date.now() - changedAtMs;
    await until(() => readdirSync(node.root)).toContain('noted');
    const list = await node.read('etc/pi-image/live');
    await until(() => heartbeat()?.liveDigest).toBe(list.slice(0, 64));

    expect(tookMs).toBeLessThan(10_000);
    expect(before).not.toContain('node02');
    const changed = ['etc/hosts', 'etc/slurm/slurm.conf', 'etc/ssh/ssh_known_hosts'];
    expect((await node.read('noted')).trim().split(' ')).toEqual(changed);
    // What is the same is not touched; what a role has of its own keeps its mode.
    expect(statSync(path.join(node.root, 'etc/munge/munge.key')).ino).toBe(mungeKey.ino);
    expect(mungeKey.mode & 0o777).toBe(0o400);
    expect(readdirSync(path.join(node.root, 'etc')).filter((name) => name.includes('.pi-image'))).toEqual([]);
  });
});

test.skipIf(isAbsent)('removes a live file that is one no more, or gives back what the image has there', async () => {
  await boot();
  node.start();
  await until(() => heartbeat()?.phase).toBe('ready');
  const { overlays, ...view } = storage.viewWith();
  const withoutSlurm = new Map(
    [...overlays].map(([name, overlay]) => [
      name,
      name === 'slurm-node' ? { ...overlay, spec: { ...overlay.spec, files: {} }, files: [] } : overlay,
    ]),
  );

  storage.world.view = { ...view, overlays: withoutSlurm };

  await until(() => readdirSync(path.join(node.root, 'etc/slurm'))).toEqual([]);
  await until(() => readFileSync(path.join(node.root, 'etc/pi-image/live'), 'utf8')).not.toContain('etc/slurm');
  expect(await node.read('etc/hosts')).toContain('node01');
});

test.skipIf(isAbsent)('applies no tar that arrived in part, and the whole one when it comes', async () => {
  let isCut = true;
  await boot(['dash'], (handler) => (request, response) => {
    if (isCut && request.url === '/boot/v1/live.tar') {
      const send = response.end.bind(response);
      response.end = ((chunk: Buffer) => {
        response.removeHeader('content-length');
        return send(chunk.subarray(0, chunk.length / 2));
      }) as typeof response.end;
    }
    handler(request, response);
  });
  node.start();
  await until(() => heartbeat()?.phase).toBe('ready');
  const before = await node.read('etc/pi-image/live');

  storage.world.view = storage.viewWith(sampleNode('node02'));
  await until(() => storage.lines.filter((line) => line.startsWith('live.sent')).length).toBeGreaterThan(1);
  expect(await node.read('etc/hosts')).not.toContain('node02');
  expect(await node.read('etc/pi-image/live')).toBe(before);

  isCut = false;
  await until(() => readFileSync(path.join(node.root, 'etc/hosts'), 'utf8')).toContain('node02');
});

test.skipIf(isAbsent)('shows the key of its boot to nobody who lists processes', async () => {
  await boot();
  const agent = node.start();
  await until(() => heartbeat()?.phase).toBe('ready');
  const seen = new Set<string>();
  for (let look = 0; look < 50; look += 1) {
    for (const pid of childrenOf(agent.pid)) seen.add(argumentsOf(pid));
    await sleep(20);
  }

  expect([...seen].some((line) => line.includes(' nc '))).toBe(true);
  expect([...seen].filter((line) => line.includes(node.key))).toEqual([]);
  expect(statSync(path.join(node.root, 'etc/pi-image/boot.key')).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(node.facts, 'agent')).mode & 0o777).toBe(0o700);
});

test.skipIf(isAbsent)('goes on when the storage node comes back', async () => {
  await boot();
  node.start();
  await until(() => heartbeat()?.phase).toBe('ready');
  await storage.server.stop();
  await sleep(1500);
  const lastAtMs = heartbeat()?.atMs ?? 0;
  storage.world.nowMs += 60_000;

  const again = await storage.serveAgain();
  try {
    await expect.poll(() => heartbeat()?.atMs, { timeout: 8000 }).toBeGreaterThan(lastAtMs);
  } finally {
    await again.stop();
  }
});

test.skipIf(isAbsent)('says once that its key is refused', async () => {
  await boot();
  await writeFile(path.join(node.root, 'etc/pi-image/boot.key'), `${'x'.repeat(43)}\n`);
  const agent = node.start();
  await until(() => storage.lines.filter((line) => line.startsWith('boot.token-refused')).length).toBeGreaterThan(1);

  expect(agent.output().split('refuses the key of this boot')).toHaveLength(2);
});

test.skipIf(isAbsent)('ends where the initramfs of an older image left nothing', async () => {
  await boot();
  await rm(path.join(node.facts, 'server'));

  const [code] = (await node.start().ended) as [number];

  expect(code).toBe(78);
});

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const direct = pids.filter((pid) => parentOf(pid) === parent);
  return direct.concat(direct.flatMap(childrenOf));
}

function parentOf(pid: number): number | undefined {
  return Number(/^PPid:\s*(\d+)/m.exec(fileOf(pid, 'status'))?.[1]);
}

const argumentsOf = (pid: number) => fileOf(pid, 'cmdline').replaceAll('\0', ' ');

/** Empty when the process has ended meanwhile. */
function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
