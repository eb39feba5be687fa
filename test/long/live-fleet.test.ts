/** An edit of live files on the storage node, and the agents of 200 nodes: how long until all of them have it? */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { OverlaySource } from '../../src/model/overlay-source.ts';
import { agentFleet, fleetNodes, type AgentFleet } from '../support/agent-fleet.ts';
import { sampleOverlay } from '../support/sample-view.ts';
import { shippedView } from '../support/shipped-overlays.ts';

const nodes = fleetNodes(201);
const running = nodes.slice(0, 200);
const wantedMs = 10_000;

const units = { enable: ['slurmd'] };
const people = (keys: string): OverlaySource =>
  sampleOverlay(
    'slurm-compute',
    { units, files: { 'root/.ssh/authorized_keys': { live: true, mode: '0600' } } },
    { 'root/.ssh/authorized_keys': keys },
  );

const withPeople = async (keys: string) =>
  new Map([...(await shippedView()).overlays, ['slurm-compute', people(keys)]]);

let fleet: AgentFleet;
beforeAll(async () => {
  fleet = await agentFleet(running, await withPeople('ssh-ed25519 one\n'));
}, 300_000);
afterAll(() => fleet.stop());

const text = (node: string, file: string) => readFileSync(path.join(fleet.rootOf(node), file), 'utf8');
const ofAll = (has: (node: string) => boolean) => running.filter(({ name }) => has(name)).length;

/** The processors are for the agents: nobody is looked at twice who has what he is to have. */
async function untilAll(has: (node: string) => boolean, deadlineMs: number): Promise<number> {
  const beganMs = Date.now();
  let left = running;
  while (left.length > 0 && Date.now() - beganMs < deadlineMs) {
    await sleep(200);
    left = left.filter(({ name }) => !has(name));
  }
  return Date.now() - beganMs;
}

test('hosts, slurm.conf and authorized keys reach 200 running nodes within 10 s', { timeout: 300_000 }, async () => {
  await untilAll((name) => fleet.heartbeats.of(name)?.phase === 'ready', 120_000);
  expect(ofAll((name) => fleet.heartbeats.of(name)?.phase === 'ready')).toBe(running.length);
  // Their first looks and reports are over: from here on they only wait.
  await sleep(15_000);
  const has = (name: string) =>
    text(name, 'etc/hosts').includes('node201') &&
    text(name, 'etc/slurm/slurm.conf').includes('NodeName=node201 ') &&
    text(name, 'root/.ssh/authorized_keys').includes('two');

  const overlays = await withPeople('ssh-ed25519 one\nssh-ed25519 two\n');
  fleet.world.view = fleet.viewOf({ nodes, overlays });
  const tookMs = await untilAll(has, 60_000);

  expect(ofAll(has)).toBe(running.length);
  process.stdout.write(`200 nodes have their live files after ${tookMs} ms\n`);
  expect(tookMs).toBeLessThan(wantedMs);
  const drifted = ofAll((name) => (fleet.heartbeats.of(name)?.drift?.count ?? 0) > 0);
  expect(process.getuid?.() === 0 ? drifted : 0).toBe(0);
});
