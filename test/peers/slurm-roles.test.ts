/** Nodes leave Slurm and come back, with jobs: a real slurmctld and slurmd on the tables of our overlays. Root. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { clusterSlurm } from '../../src/fleet/slurm.ts';
import { slurmCluster, until, type SlurmCluster } from '../support/slurm-cluster.ts';
import { takeStep } from '../support/slurm-step.ts';

const patience = { timeout: 120_000 };

describe('jobs', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await slurmCluster({ hasNight: false });
  }, 120_000);
  afterAll(() => cluster.close());

  const isState = (job: string, expected: string) =>
    until(async () => expect(await cluster.jobState(job)).toBe(expected));

  test('wait while their node, and then every node, has another role, and run when it is back', patience, async () => {
    const named = await cluster.submit('sleep 600', '--requeue', '-w node01');
    const free = await cluster.submit('sleep 600', '--requeue');
    await isState(named, 'RUNNING');
    await isState(free, 'RUNNING');

    for (const node of ['node01', 'node02'] as const) {
      expect(await takeStep(cluster, [node, 'drain'])).toMatchObject({ kind: 'next', outcome: 'done', next: 'set' });
      cluster.tables.setRole(node, 'login');
      await cluster.reconfigure();
      await cluster.cut(node);
      expect(await cluster.slurm('sinfo -h -N -o %N')).not.toContain(node);
    }
    expect([await cluster.jobState(named), await cluster.jobState(free)]).toEqual(['PENDING', 'PENDING']);

    cluster.tables.setRole('node01', 'compute');
    await cluster.reconfigure();
    cluster.start('node01');
    expect(await takeStep(cluster, ['node01', 'resume'])).toMatchObject({ kind: 'end', result: 'done' });
    // Slurm lets two minutes pass before it starts a job anew.
    for (const job of [named, free]) await cluster.slurm(`scontrol update jobid=${job} starttime=now`);
    await isState(named, 'RUNNING');
    await isState(free, 'RUNNING');
    await cluster.slurm(`scancel ${named} ${free}`);
  });

  test('go back into the queue when their node gets another role without a drain', patience, async () => {
    const job = await cluster.submit('sleep 600', '--requeue', '-w node01');
    await isState(job, 'RUNNING');
    cluster.tables.setRole('node01', 'login');
    await cluster.reconfigure();
    await until(async () => expect(await cluster.jobState(job)).toBe('PENDING'));
    cluster.tables.setRole('node01', 'compute');
    await cluster.reconfigure();
    await cluster.slurm(`scancel ${job}`);
  });

  test('an administrator keeps the last word', patience, async () => {
    const reasonOf = async () =>
      /Reason=(.*?) \[/.exec(await cluster.slurm('scontrol --oneliner show node node01'))?.[1];
    await until(async () => expect(await cluster.slurm('sinfo -h -n node01 -o %T')).toBe('idle\n'));
    // An order that comes too late: between our look and it an administrator has spoken.
    const late = clusterSlurm(cluster.controller);
    await cluster.slurm("scontrol update nodename=node01 state=down reason='no power'");
    await late.drain('node01', 'pi-image operation 7', new AbortController().signal);
    await late.resume('node01', new AbortController().signal);
    expect(await reasonOf()).toBe('no power');
    const down = await takeStep(cluster, ['node01', 'drain']);
    expect(down).toMatchObject({ kind: 'next', next: 'set', staysDrained: true });
    expect(await reasonOf()).toBe('no power');

    await cluster.slurm("scontrol update nodename=node01 state=drain reason='bad fan'");
    const drained = await takeStep(cluster, ['node01', 'drain']);
    expect(drained).toMatchObject({ kind: 'next', next: 'set', staysDrained: true });
    expect(await takeStep(cluster, ['node01', 'resume'])).toMatchObject({ kind: 'end', outcome: 'skipped' });
    expect(await reasonOf()).toBe('bad fan');
  });
});

describe('slurm.conf from the controller', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await slurmCluster({ configless: true, hasNight: false });
  }, 120_000);
  afterAll(() => cluster.close());

  test('a job runs on nodes that have none, started on one of them, also after a change', patience, async () => {
    for (const node of ['node01', 'node02'] as const) {
      expect(await cluster.hasFile(node, 'etc/slurm/slurm.conf')).toBe(false);
    }
    const run = () => cluster.tell('node02', 'srun --nodes=1 --nodelist=node01 hostname');
    expect(await run()).toBe('node01\n');

    cluster.tables.setVariable('node01', 'slurmFeatures', 'nvme');
    await cluster.reconfigure();
    const features = () => cluster.tell('node02', "grep -o 'Feature=.*nvme' /run/slurm/conf/slurm.conf");
    await until(async () => expect(await features()).toContain('nvme'));
    expect(await run()).toBe('node01\n');
  });
});
