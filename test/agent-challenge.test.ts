/** The agent of a node that runs answers for it, when somebody else claims to be its board. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { NodeSpec } from '../src/model/node.ts';
import { agentStorageNode, bootHealthy, shells, type AgentStorageNode } from './support/agent-node.ts';
import { isMissing } from './support/programs.ts';

/** The agent runs on the busybox that the initramfs leaves behind. */
const isAbsent = isMissing('busybox');

let storage: AgentStorageNode;
beforeEach(async () => {
  storage = await agentStorageNode();
});
afterEach(async () => {
  await storage.server.stop();
  await storage.remove();
});

const node01 = () => storage.world.view.nodes.find(({ name }) => name === 'node01') as NodeSpec;
const claim = () => storage.boots.arrive(node01(), '02:00:00:00:00:66', 'discover');
const heartbeat = () => storage.heartbeats.of('node01');

describe.skipIf(isAbsent).each(shells)('%s', (_name, shell) => {
  test('whoever claims to be the board of a node that runs gets no boot; a node that was switched off gets one', async () => {
    const node = await bootHealthy(storage, shell);
    const agent = node.start();
    await expect.poll(() => heartbeat()?.phase, { timeout: 15_000 }).toBe('ready');
    // Its next heartbeat is held: what it answers, it does because it is asked.
    await sleep(3000);
    const [running] = storage.boots.all();
    const claimedAtMs = performance.now();

    const claimed = await claim();

    const tookMs = performance.now() - claimedAtMs;
    expect(claimed).toMatchObject({ kind: 'refused', reason: expect.stringContaining('has answered under the key') });
    expect(tookMs).toBeLessThan(2500);
    expect(storage.boots.all()).toHaveLength(1);
    expect(storage.lines.filter((line) => line.startsWith('boot.impostor'))).toHaveLength(1);

    await agent.kill();
    const silentAtMs = performance.now();
    expect(await claim()).toMatchObject({ kind: 'boot' });

    expect(performance.now() - silentAtMs).toBeGreaterThan(2900);
    expect(storage.boots.all().at(-1)?.token).not.toBe(running?.token);
    await node.remove();
  });
});
