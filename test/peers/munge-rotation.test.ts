/** Another munge key for a real Slurm with a job that runs on: munged, slurmctld and slurmd of Debian. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { lookAtRotation, type RotationDeps } from '../../src/fleet/munge-run.ts';
import { partitionControl } from '../../src/fleet/munge-slurm.ts';
import { startRotation, type RotationFleet } from '../../src/fleet/munge-start.ts';
import { rotatingSecret } from '../../src/host/rotating-secret.ts';
import { openRotation } from '../../src/plan/munge-journal.ts';
import type { MungeKeys } from '../../src/plan/munge-key.ts';
import { bySocket, sampleFleet } from '../support/sample-fleet.ts';
import { head, slurmCluster, until, type SlurmNodeName } from '../support/slurm-cluster.ts';

type Cluster = Awaited<ReturnType<typeof slurmCluster>>;

let cluster: Cluster;
const silent = { info: () => undefined, warn: () => undefined };

beforeAll(async () => {
  cluster = await slurmCluster();
});

afterAll(() => cluster.close());

/** What the service is to a rotation: its state and its files are real, and nodes take the key as their agents do. */
async function rotation(silentNodes: readonly SlurmNodeName[]) {
  const sample = await sampleFleet();
  const dir = await mkdtemp(path.join(tmpdir(), 'rotation-'));
  await mkdir(path.join(dir, 'cluster'));
  const given = path.join(dir, 'cluster', 'mungeKey');
  await writeFile(given, cluster.firstKey, { mode: 0o600 });
  const has = new Map<SlurmNodeName, Uint8Array>(cluster.nodes.map((node) => [node, cluster.firstKey]));
  const partitions = partitionControl(cluster.controller);
  const seen: string[] = [];

  const holders = (_secret: string, keys: MungeKeys) =>
    cluster.nodes.map((node) => {
      const isRunning = !silentNodes.includes(node);
      return { node, isController: node === head, isRunning, holds: which(has.get(node), keys) };
    });
  const fleet: RotationFleet = {
    state: sample.database.state,
    view: () => sample.world.view,
    partitions,
    secrets: { clusterSecret: () => readFile(given) },
    holders,
    now: () => Date.now(),
    signal: new AbortController().signal,
  };
  const deps: RotationDeps = {
    ...fleet,
    state: sample.database.state,
    holders: ({ secret }, keys) => holders(secret, keys),
    keysOf: ({ id }) => {
      const keys = rotatingSecret({ dir, name: 'mungeKey', sizeBytes: 128, id, log: silent });
      const push = async () => {
        seen.push(`${await cluster.partition('main')} ${await cluster.partition('night')}`);
        await keys.push();
      };
      return { ...keys, push };
    },
    forget: () => Promise.resolve(),
    log: silent,
  };
  const follow = async () => {
    const now = await readFile(given);
    for (const node of cluster.nodes) {
      if (silentNodes.includes(node) || now.equals(has.get(node) ?? now)) continue;
      await cluster.startMunged(node, now);
      has.set(node, now);
    }
  };
  const run = async () => {
    await startRotation('munge', { force: false }, bySocket, fleet);
    for (let open = openRotation(sample.database.state.current()); open !== undefined;) {
      await lookAtRotation(deps, open, fleet.signal);
      await follow();
      open = openRotation(sample.database.state.current());
    }
    return sample.database.state.current().mungeRotations['1'];
  };
  return { run, seen, given: () => readFile(given), close: () => rm(dir, { recursive: true }) };
}

function which(has: Uint8Array | undefined, keys: MungeKeys): 'old' | 'new' | 'other' {
  const is = (key: Uint8Array | undefined) => key !== undefined && has !== undefined && Buffer.compare(key, has) === 0;
  if (is(keys.new)) return 'new';
  return is(keys.old) ? 'old' : 'other';
}

test('a job runs through it, a queued one starts after it, a node that was away comes back with the new key', async () => {
  const service = await rotation(['node02']);
  const done = path.join(cluster.dir, 'done');
  const running = await cluster.submit(`sleep 8; echo ran to its end > ${done}`, '-w node01');
  await until(async () => expect(await cluster.jobState(running)).toBe('RUNNING'));
  await cluster.slurm('scontrol update partitionname=night state=drain');

  const ended = await service.run();

  expect(ended).toMatchObject({ state: 'done', partitions: ['main'], reason: 'at their next boot: node02' });
  expect(service.seen).toEqual(['DOWN DRAIN']);
  expect([await cluster.partition('main'), await cluster.partition('night')]).toEqual(['UP', 'DRAIN']);
  expect(await cluster.jobState(running)).toBe('RUNNING');
  const key = await service.given();
  expect(key.equals(cluster.firstKey)).toBe(false);
  expect(await cluster.keyOf(head)).toEqual(key);
  // With the key of before nobody is let in any more.
  await expect(
    cluster.slurm(`munge -n -S ${cluster.socketOf('node02')} | unmunge -S ${cluster.socketOf(head)}`),
  ).rejects.toThrow(/Invalid credential/);

  const next = await cluster.submit('true', '-w node01');
  await until(async () => expect(await cluster.jobState(next)).toBe('COMPLETED'));
  await until(async () => expect(await cluster.jobState(running)).toBe('COMPLETED'));
  expect(await readFile(done, 'utf8')).toBe('ran to its end\n');

  await cluster.startMunged('node02', key);
  const there = await cluster.submit('true', '-w node02');
  await until(async () => expect(await cluster.jobState(there)).toBe('COMPLETED'));
  await service.close();
});

test('a partition that somebody has closed stays closed when the tables are read again', async () => {
  await cluster.slurm('scontrol update partitionname=night state=down');
  await cluster.slurm('scontrol reconfigure');
  expect(await cluster.partition('night')).toBe('DOWN');
});
