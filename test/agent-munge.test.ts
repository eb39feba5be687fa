/** overlays/base's agent tells which munge key munged has read, without telling it. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { mungeProof } from '../src/plan/munge-key.ts';
import { agentStorageNode, bootHealthy, shells, type AgentStorageNode } from './support/agent-node.ts';
import { agentSecrets } from './support/agent-secrets.ts';
import { isMissing } from './support/programs.ts';

let storage: AgentStorageNode;
let node: Awaited<ReturnType<typeof bootHealthy>>;

const until = (what: () => unknown) => expect.poll(what, { timeout: 18_000, interval: 20 });
const told = () => storage.heartbeats.of('node01')?.mungeProof;
const proofOf = (key: Uint8Array) => mungeProof(node.key, key);
const firstKey = agentSecrets['mungeKey'] ?? Buffer.of();
const secondKey = Buffer.from([0, 10, 255, 13, 37, 128]);

/** As the service does after a push: another cluster object, whose secrets are read again. */
function give(key: Uint8Array): void {
  storage.secrets['mungeKey'] = key;
  const { cluster, ...view } = storage.viewWith();
  storage.world.view = { ...view, cluster: { ...cluster } };
}

describe.skipIf(isMissing('busybox')).each(shells)('in %s', (_name, shell) => {
  beforeEach(async () => {
    storage = await agentStorageNode();
    node = await bootHealthy(storage, shell);
  });

  afterEach(async () => {
    await node.remove();
    await storage.server.stop();
    await storage.remove();
  });

  test('it tells the key of its overlay, then the one with which the hook has restarted munged', async () => {
    node.start();
    await until(told).toBe(proofOf(firstKey));

    give(secondKey);

    await until(told).toBe(proofOf(secondKey));
    expect(existsSync(path.join(node.facts, 'agent/munge'))).toBe(true);
  }, 60_000);

  test('it tells none when the hook fails', async () => {
    const agent = node.start();
    await until(told).toBe(proofOf(firstKey));
    await node.addHook('munge', '#!/bin/sh\nexit 1\n');

    give(secondKey);

    await until(agent.output).toContain('munge failed with exit code 1.');
    await until(told).toBeUndefined();
    expect(agent.output()).not.toContain(secondKey.toString('latin1'));
  }, 60_000);

  test('an agent that is started anew knows what was told before', async () => {
    const agent = node.start();
    await until(told).toBe(proofOf(firstKey));
    await node.addHook('munge', '#!/bin/sh\nexit 1\n');
    give(secondKey);
    await until(told).toBeUndefined();
    await agent.kill();

    node.start();

    await until(() => storage.heartbeats.of('node01')?.phase).toBe('ready');
    expect(told()).toBeUndefined();
  }, 60_000);
});
