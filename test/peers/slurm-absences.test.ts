/** Nodes that are switched off and come back, as a real slurmctld sees them. Root. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { runAbsences } from '../../src/fleet/slurm-absences.ts';
import { clusterSlurm } from '../../src/fleet/slurm.ts';
import type { Event } from '../../src/model/event.ts';
import type { AbsenceFacts } from '../../src/plan/slurm-absence.ts';
import { slurmCluster, until, type SlurmCluster } from '../support/slurm-cluster.ts';

const patience = { timeout: 180_000 };

let cluster: SlurmCluster;
beforeAll(async () => {
  cluster = await slurmCluster({ hasNight: false });
}, 120_000);
afterAll(() => cluster.close());

const running: AbsenceFacts = {
  isCompute: true,
  lastBootMs: 0,
  isHeard: true,
  isReady: true,
  isInOperation: false,
  isHeld: false,
};
const off: AbsenceFacts = { ...running, isHeard: false, isReady: false };

/** The part of the service, told by the test what it would read off boots and heartbeats. */
async function follow() {
  const facts = new Map([
    ['node01', running],
    ['node02', running],
  ]);
  let hear: ((event: Event) => void) | undefined;
  let id = 0;
  let looks = 0;
  const slurm = clusterSlurm(cluster.controller);
  const stop = new AbortController();
  const subscribe = (listener: (event: Event) => void) => {
    hear = listener;
    return () => void (hear = undefined);
  };
  const part = runAbsences(
    {
      events: { ofKinds: () => Promise.resolve([]), subscribe },
      factsOf: () => facts,
      slurm: { ...slurm, nodes: (signal) => slurm.nodes(signal).finally(() => (looks += 1)) },
      now: () => Date.now(),
      log: { info: () => undefined, warn: () => undefined },
    },
    stop.signal,
    () => undefined,
    200,
  );
  onTestFinished(async () => {
    stop.abort();
    await part;
  });
  await until(() => (hear === undefined ? Promise.reject(new Error('nobody listens')) : Promise.resolve()));
  return {
    facts,
    looks: () => looks,
    tell: (kind: string, fields: Event['fields'], ...nodes: readonly string[]) => {
      for (const node of nodes) hear?.({ id: (id += 1), atMs: Date.now(), kind, node, fields });
    },
  };
}

/** `node01 down pi-image: off`, of those that take no jobs. */
const reasons = async () => (await cluster.slurm('sinfo -h -R -N -o "%N %T %E"')).trim().split('\n').filter(Boolean);

const areReasons = (...expected: readonly string[]) =>
  until(async () => expect((await reasons()).map((each) => each.replace('*', ''))).toEqual(expected));

const isIdle = (nodes: string, count: number) =>
  until(async () => expect(await cluster.slurm(`sinfo -h -N -n ${nodes} -o %T`)).toBe('idle\n'.repeat(count)));

test('nodes without power are down for our reason, lose their jobs to the queue, and come back', patience, async () => {
  const { facts, tell } = await follow();
  const job = await cluster.submit('sleep 600', '--requeue', '-w node01');
  await until(async () => expect(await cluster.jobState(job)).toBe('RUNNING'));

  for (const node of ['node01', 'node02'] as const) {
    await cluster.cut(node);
    facts.set(node, off);
  }
  tell('node.power-off', { action: 'off' }, 'node01', 'node02');
  await areReasons('node01 down pi-image: off', 'node02 down pi-image: off');
  await until(async () => expect(await cluster.jobState(job)).toBe('PENDING'));
  await cluster.slurm(`scancel ${job}`);

  for (const node of ['node01', 'node02'] as const) {
    cluster.start(node);
    facts.set(node, { ...running, lastBootMs: Date.now() });
  }
  await isIdle('node01,node02', 2);
  expect(await reasons()).toEqual([]);
});

test('one whose power was not cut after all takes jobs again', patience, async () => {
  const { tell } = await follow();
  tell('node.power-asked', { action: 'cycle' }, 'node01', 'node02');
  await areReasons('node01 down pi-image: off', 'node02 down pi-image: off');
  tell('node.power-failed', { action: 'cycle' }, 'node01', 'node02');
  await isIdle('node01,node02', 2);
  expect(await reasons()).toEqual([]);
});

test("an administrator's reason stays, whoever comes first", patience, async () => {
  const { facts, looks, tell } = await follow();
  await cluster.slurm("scontrol update nodename=node01 state=down reason='no power'");
  facts.set('node01', off).set('node02', off);
  tell('node.power-off', { action: 'off' }, 'node01', 'node02');
  await areReasons('node01 down no power', 'node02 down pi-image: off');

  await cluster.slurm("scontrol update nodename=node02 state=drain reason='bad fan'");
  const before = looks();
  for (const node of ['node01', 'node02']) facts.set(node, { ...running, lastBootMs: Date.now() });
  await until(async () => expect(looks()).toBeGreaterThan(before));
  // Later than a look at them; node09 nobody knows.
  const late = clusterSlurm(cluster.controller);
  const { signal } = new AbortController();
  await late.setDown(['node01', 'node02', 'node09'], signal);
  await late.takeBack(['node01', 'node02', 'node09'], signal);
  expect(await reasons()).toEqual(['node01 down no power', expect.stringMatching(/^node02 d.* bad fan$/)]);
});
