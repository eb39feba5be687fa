/** What is exported follows the nodes: a change is told at once, and several that follow each other are taken together. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import type { Exporter } from '../../src/host/nfs/exporter.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { emptyState } from '../../src/model/state.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { runExports, type ExportsDeps } from '../../src/serve/exports.ts';
import { createHealth } from '../../src/serve/health.ts';
import { sampleCluster, sampleView } from '../support/sample-view.ts';

/** Addresses that may mount the root, at each change that the server was told. */
async function running(tellMs = 0) {
  const dir = await mkdtemp(path.join(tmpdir(), 'exports-'));
  const dirs = {
    imagesDir: path.join(dir, 'images'),
    squashDir: path.join(dir, 'squash'),
    persistentDir: path.join(dir, 'trees'),
  };
  await mkdir(path.join(dirs.imagesDir, 'debian-lite/20261121.1/root'), { recursive: true });
  const world = { view: sampleView({ cluster: { ...sampleCluster(), shares: [] } }) };
  const listeners = new Set<() => void>();
  const told: string[][] = [];
  const exporter: Exporter = {
    name: 'ganesha',
    apply: async (exports) => {
      await sleep(tellMs);
      told.push(exports.flatMap(({ clients }) => [...clients]));
    },
    status: () => Promise.resolve({ kind: 'running', server: 'ganesha', detail: '' }),
    stop: () => Promise.resolve(),
  };
  const site: ExportsDeps['site'] = {
    view: () => world.view,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const state = { ...emptyState, nextExportId: 9, exportIds: {} };
  const deps = {
    ...dirs,
    site,
    boots: { all: () => [], generations: () => new Map() },
    state: { current: () => state, update: () => Promise.resolve() },
    exporter,
    health: createHealth(() => 0),
    log: { info: () => undefined, warn: () => undefined },
  } as unknown as ExportsDeps;
  const stop = new AbortController();
  const ended = runExports(deps, stop.signal, () => undefined);
  onTestFinished(async () => {
    stop.abort();
    await ended;
    expect(listeners.size).toBe(0);
    await rm(dir, { recursive: true });
  });
  const become = (view: ClusterView) => {
    world.view = view;
    for (const listener of listeners) listener();
  };
  return { world, told, become, listeners };
}

/** node01 at another address. */
function moved({ nodes, ...view }: ClusterView, address: string): ClusterView {
  const at = parseIpv4(address);
  return { ...view, nodes: nodes.map((node) => (node.name === 'node01' ? { ...node, address: at } : node)) };
}

test('a change of nodes is told long before the next look at everything else', async () => {
  const { world, told, become, listeners } = await running();
  await expect.poll(() => listeners.size, { interval: 5 }).toBe(1);
  expect(told).toHaveLength(1);
  const beganMs = performance.now();
  become(moved(world.view, '10.42.0.77'));
  await expect.poll(() => told, { interval: 5 }).toHaveLength(2);

  expect(performance.now() - beganMs).toBeLessThan(800);
  expect(told[1]).toContain('10.42.0.77');
});

test('one that comes while the server is told is told next', async () => {
  const { world, told, become } = await running(200);
  await sleep(50);
  become(moved(world.view, '10.42.0.78'));
  await expect.poll(() => told, { interval: 5, timeout: 2000 }).toHaveLength(2);

  expect(told[0]).not.toContain('10.42.0.78');
  expect(told[1]).toContain('10.42.0.78');
});

test('of many that follow each other the server hears a few times, and the last one counts', async () => {
  const { world, told, become, listeners } = await running();
  await expect.poll(() => listeners.size, { interval: 5 }).toBe(1);
  for (let last = 1; last <= 100; last += 1) {
    become(moved(world.view, `10.42.1.${last}`));
    await sleep(2);
  }
  await expect.poll(() => told.at(-1), { interval: 5, timeout: 2000 }).toContain('10.42.1.100');

  expect(told.length).toBeLessThan(10);
});

test('what is no change of what is exported is not told', async () => {
  const { world, told, become, listeners } = await running();
  await expect.poll(() => listeners.size, { interval: 5 }).toBe(1);
  become({ ...world.view, nodes: [...world.view.nodes] });
  await sleep(100);
  become(moved(world.view, '10.42.0.79'));
  await expect.poll(() => told.at(-1), { interval: 5 }).toContain('10.42.0.79');

  expect(told).toHaveLength(2);
});
