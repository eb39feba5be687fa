import { describe, expect, test } from 'vitest';

import { cancelOperation, startRoleChange, type RoleAssignment } from '../../src/fleet/start-operation.ts';
import { nodeEdits } from '../../src/fleet/node-edits.ts';
import { resumeOperation } from '../../src/fleet/resume-operation.ts';
import { changeRole } from '../../src/fleet/role-change.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { heldGenerations } from '../../src/plan/held-generations.ts';
import { bySocket, dryRun } from '../support/sample-fleet.ts';
import { runUntilKilled } from '../support/kill-at-write.ts';
import { operationWorld } from '../support/operation-world.ts';

type World = Awaited<ReturnType<typeof operationWorld>>;

function start(world: World, changes: Partial<RoleAssignment> = {}, options = bySocket) {
  const wanted: RoleAssignment = {
    role: 'login',
    nodes: [...world.nodes.keys()],
    drain: 'wait',
    drainDeadlineMs: 60_000,
    maxUnavailable: { count: 1 },
    retry: false,
    ...changes,
  };
  return startRoleChange(wanted, options, world.fleet, () => world.clock.nowMs);
}

test('nodes are drained, changed, rebooted and ready, one after the other', async () => {
  const world = await operationWorld(['node01', 'node02']);
  const { answer } = await start(world);
  expect(answer).toMatchObject({ operation: '1', dryRun: false, nodes: [{ node: 'node01' }, { node: 'node02' }] });

  expect(await world.runToEnd()).toMatchObject({ state: 'done' });

  expect(world.results()).toEqual({ node01: 'done', node02: 'done' });
  expect(world.told).toEqual(['drain node01', 'reboot node01', 'drain node02', 'reboot node02']);
  expect(world.roleOf('node02')).toBe('login');
  expect((await world.events()).map((event) => event.split(' ')[0])).toEqual(
    expect.arrayContaining(['operation.started', 'operation.step', 'node.role-set', 'operation.ended']),
  );
});

test('one that comes back to Slurm has jobs again', async () => {
  const world = await operationWorld(['node01']);
  await start(world);
  await world.runToEnd();
  await start(world, { role: 'compute' });

  expect(await world.runToEnd()).toMatchObject({ id: '2', state: 'done' });

  expect(world.told).toEqual(['drain node01', 'reboot node01', 'reboot node01', 'resume node01']);
  expect(world.of('node01').isDrained).toBe(false);
});

test('a dry run shows what would change and begins nothing', async () => {
  const world = await operationWorld(['node01']);
  const { answer } = await start(world, {}, dryRun);
  expect(answer).toMatchObject({ dryRun: true, nodes: [{ diff: { role: { to: 'login' } } }] });
  expect(world.operation()).toBeUndefined();
});

test('so many nodes are away at once as were allowed', async () => {
  const names = ['node01', 'node02', 'node03', 'node04', 'node05'];
  const world = await operationWorld(names);
  await start(world, { maxUnavailable: { percent: 40 } });
  const away: number[] = [];
  while (world.operation()?.endedAtMs === undefined) {
    await world.look();
    away.push([...world.nodes.values()].filter(({ isReady }) => !isReady).length);
  }
  expect(Math.max(...away)).toBe(2);
});

test.each([
  ['wait', 3, 'done', ['drain node01', 'reboot node01']],
  ['wait', Infinity, 'kept', ['drain node01', 'resume node01']],
  ['requeue', Infinity, 'done', ['drain node01', 'requeue node01', 'reboot node01']],
  ['force', 3, 'done', ['drain node01', 'reboot node01']],
  ['force', Infinity, 'done', ['drain node01', 'cancel node01', 'reboot node01']],
] as const)('jobs under %s that run for %d looks: %s', async (drain, jobLooks, result, told) => {
  const world = await operationWorld(['node01']);
  world.of('node01').jobLooks = jobLooks;
  await start(world, { drain });
  await world.runToEnd();
  expect([world.results(), world.told]).toEqual([{ node01: result }, told]);
  expect(world.roleOf('node01')).toBe(result === 'kept' ? 'compute' : 'login');
});

test('a role that does not come up is taken back, with the cause, and not tried again unawares', async () => {
  const world = await operationWorld(['node01']);
  world.world.badRoles.add('login');
  await start(world);

  expect(await world.runToEnd()).toMatchObject({ state: 'failed', reason: 'node01: slurmd.service failed' });

  expect(world.results()).toEqual({ node01: 'fell-back' });
  expect([world.roleOf('node01'), world.of('node01').runs]).toEqual(['compute', 'compute']);
  expect(world.told).toEqual(['drain node01', 'reboot node01', 'reboot node01', 'resume node01']);
  await expect(start(world)).rejects.toThrow('node01 did not come up as login in operation 1: slurmd.service failed');
  world.world.badRoles.clear();
  await start(world, { retry: true });
  expect(await world.runToEnd()).toMatchObject({ id: '2', state: 'done' });
});

describe('one that falls back', () => {
  const before = { generation: 'gen-compute-20261120.1-1', image: 'debian-lite@20261120.1' };
  const hold = { generation: 'gen-held', image: 'debian-lite@20261120.1', role: 'compute', by: 'ops' };
  const pinsOf = ({ database }: World) => database.state.current().generationPins;
  const nodeOf = ({ database }: World) => database.state.current().operationNodes['1/node01'];

  test('is held at what it ran, where its role would boot something else by now', async () => {
    const world = await operationWorld(['node01']);
    world.world.badRoles.add('login');
    world.of('node01').lastGood = before;
    await start(world);
    while (world.roleOf('node01') !== 'login') await world.look();
    expect(nodeOf(world)?.before).toEqual(before);
    expect(heldGenerations(world.database.state.current())).toEqual([before.generation]);

    await world.runToEnd();

    expect(world.of('node01').booted).toMatchObject(before);
    expect(pinsOf(world)).toEqual({ node01: { ...before, role: 'compute', by: 'operation 1' } });
    expect(nodeOf(world)).toMatchObject({ result: 'fell-back', heldAt: before.generation });
    expect(nodeOf(world)?.steps.find(({ step }) => step === 'revert')?.detail).toBe(
      'it is held at generation gen-compute-',
    );
    const held = (await world.events()).filter((event) => event.startsWith('node.held'));
    expect(held).toEqual([expect.stringMatching(/^node.held node01 .*slurmd.service failed.*"by":"operation 1"/)]);

    world.world.badRoles.clear();
    await start(world, { retry: true });
    await world.runToEnd();
    expect(pinsOf(world)).toEqual({});
  });

  test('is not held where its role would boot the same', async () => {
    const world = await operationWorld(['node01']);
    world.world.badRoles.add('login');
    const [node] = world.fleet.viewOf(world.database.state.current()).nodes;
    if (node === undefined) throw new Error('no node');
    const { id: generation } = planGeneration(node, world.fleet.viewOf(world.database.state.current()));
    world.of('node01').lastGood = { ...before, generation };
    await start(world);
    await world.runToEnd();
    expect([world.results(), pinsOf(world)]).toEqual([{ node01: 'fell-back' }, {}]);
    expect(nodeOf(world)).not.toHaveProperty('heldAt');
  });

  test('gets the hold boot where nothing that came up is kept, and its next role frees it', async () => {
    const world = await operationWorld(['node01']);
    world.world.badRoles.add('login');
    const { cluster } = world.site.view;
    world.site.view = {
      ...world.site.view,
      cluster: { ...cluster, network: { ...cluster.network, hold: 'debian-lite' } },
    };
    await start(world);

    expect(await world.runToEnd()).toMatchObject({ state: 'failed' });

    expect(world.roleOf('node01')).toBe('compute');
    expect(pinsOf(world)).toMatchObject({ node01: { generation: 'hold', image: 'debian-lite@20261121.1' } });
    const end = {
      cause: 'slurmd.service failed',
      hint: expect.stringContaining('rollback node01 --newest') as unknown,
    };
    expect(nodeOf(world)).toMatchObject({ result: 'failed', heldAt: 'hold', ...end });
    expect(nodeOf(world)?.steps.at(-1)).toMatchObject({ step: 'reboot-back', detail: 'it waits in the hold boot' });
    world.world.badRoles.clear();
    await start(world, { retry: true });
    await world.runToEnd();
    expect([pinsOf(world), world.of('node01').runs]).toEqual([{}, 'login']);
  });

  test('is held again where somebody held it', async () => {
    const world = await operationWorld(['node01']);
    world.world.badRoles.add('login');
    world.of('node01').lastGood = before;
    await world.database.state.update((state) => ({ ...state, generationPins: { node01: hold } }));
    await start(world);
    await world.runToEnd();
    expect(pinsOf(world)).toEqual({ node01: hold });
  });
});

test('when more than a fifth fails, no other node is begun', async () => {
  const world = await operationWorld(['node01', 'node02', 'node03', 'node04']);
  world.world.badRoles.add('login');
  await start(world);
  expect(await world.runToEnd()).toMatchObject({ state: 'failed' });
  expect(world.results()).toEqual({ node01: 'fell-back', node02: 'skipped', node03: 'skipped', node04: 'skipped' });
});

describe('resumed', () => {
  const four = ['node01', 'node02', 'node03', 'node04'];

  test('one that stopped because too many failed goes on with those that it had not begun', async () => {
    const world = await operationWorld(four);
    world.world.badRoles.add('login');
    await start(world);
    await world.runToEnd();
    world.world.badRoles.clear();

    expect((await resumeOperation('1', dryRun, world.fleet)).answer.nodes).toEqual(['node02', 'node03', 'node04']);
    expect(world.operation()?.state).toBe('failed');
    await resumeOperation('1', bySocket, world.fleet);
    expect(world.operation()).toMatchObject({ state: 'running', maxFailed: 1 });
    await world.runToEnd();

    expect(world.results()).toEqual({ node01: 'fell-back', node02: 'done', node03: 'done', node04: 'done' });
    expect(await world.events()).toContainEqual(
      expect.stringMatching(/^operation.resumed - .*"nodes":"node\[02-04\]"/),
    );
    await expect(resumeOperation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 has no node left to begin');
  });

  test('one that was cancelled takes those again that it had given back', async () => {
    const world = await operationWorld(['node01', 'node02']);
    world.of('node01').jobLooks = Infinity;
    await start(world, { drainDeadlineMs: 3_600_000 });
    await world.look();
    await cancelOperation('1', bySocket, world.fleet);
    await world.runToEnd();
    expect(world.results()).toEqual({ node01: 'kept', node02: 'skipped' });
    world.of('node01').jobLooks = 0;

    await resumeOperation('1', bySocket, world.fleet);

    expect(await world.runToEnd()).toMatchObject({ state: 'done' });
    expect(world.results()).toEqual({ node01: 'done', node02: 'done' });
  });

  test('is refused while it goes on, when it is done, and for what has changed since', async () => {
    const world = await operationWorld(['node01', 'node02', 'node03']);
    await start(world, { nodes: ['node01'] });
    await expect(resumeOperation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 goes on');
    await world.runToEnd();
    await expect(resumeOperation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 has ended: done');
    await expect(resumeOperation('7', bySocket, world.fleet)).rejects.toThrow('there is no operation 7');

    await start(world, { nodes: ['node02', 'node03'] });
    await cancelOperation('2', bySocket, world.fleet);
    await world.runToEnd();
    await changeRole('node02', { role: 'login', reboot: false }, bySocket, world.fleet);
    await expect(resumeOperation('2', bySocket, world.fleet)).rejects.toThrow(
      'node02 was compute when operation 2 began, and is login now',
    );
  });
});

test('cancelled: what is drained takes jobs again, what has its role goes on to the end', async () => {
  const world = await operationWorld(['node01', 'node02', 'node03']);
  world.of('node02').jobLooks = Infinity;
  await start(world, { maxUnavailable: { count: 2 }, drainDeadlineMs: 3_600_000 });
  while (world.of('node01').runs !== 'login') await world.look();

  const { answer } = await cancelOperation('1', bySocket, world.fleet);

  expect(answer.goOn).toEqual(['node01']);
  expect(await world.runToEnd()).toMatchObject({ state: 'cancelled', reason: 'cancelled by socket' });
  expect(world.results()).toEqual({ node01: 'done', node02: 'kept', node03: 'skipped' });
  expect(world.of('node02').isDrained).toBe(false);
  await expect(cancelOperation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 has ended: cancelled');
  await expect(cancelOperation('7', bySocket, world.fleet)).rejects.toThrow('there is no operation 7');
});

test("an administrator's drain is neither overwritten nor lifted", async () => {
  const world = await operationWorld(['node01']);
  Object.assign(world.of('node01'), { isDrained: true, reason: 'bad fan' });
  await start(world, { role: 'login' });
  await world.runToEnd();
  await start(world, { role: 'compute' });
  await world.runToEnd();
  expect(world.told).toEqual(['reboot node01', 'reboot node01']);
  expect(world.of('node01')).toMatchObject({ isDrained: true, reason: 'bad fan' });
});

test('a node is in one operation at a time, and nobody changes its role beside it', async () => {
  const world = await operationWorld(['node01', 'node02']);
  await start(world, { nodes: ['node01'] });
  const hint = expect.stringContaining('pi-image operation watch 1') as unknown;
  await expect(start(world)).rejects.toMatchObject({ message: 'node01 is in operation 1', hint });
  const wanted = { role: 'login', reboot: false };
  await expect(changeRole('node01', wanted, bySocket, world.fleet)).rejects.toThrow('node01 is in operation 1');
  const edits = nodeEdits(world.fleet);
  await expect(edits.removeNode('node01', bySocket)).rejects.toThrow('node01 is in operation 1');
  await edits.patchNode('node01', { vars: { slurmPartition: 'night' } }, bySocket);
  await start(world, { nodes: ['node02'] });
  await world.runToEnd();
});

test('a controller that does not answer holds a drain up until its deadline', async () => {
  const world = await operationWorld(['node01']);
  world.world.isControllerDown = true;
  await start(world);
  await world.look();
  await world.look();
  const step = Object.values(world.database.state.current().operationNodes)[0]?.steps.at(-1);
  expect(step).toMatchObject({ step: 'drain', detail: 'Slurm does not answer: ssh to the controller failed' });
  expect(await world.runToEnd()).toMatchObject({ state: 'failed' });
  expect([world.results(), world.told]).toEqual([{ node01: 'kept' }, []]);
});

/** Each write is a place where a service may be killed: before it reached the disk, and after. */
describe.each(['before', 'after'] as const)('killed %s any write', (when) => {
  test.each([
    ['comes up', [], 'done', { node01: 'done', node02: 'done' }, 2],
    ['fails', ['login'], 'failed', { node01: 'fell-back', node02: 'skipped' }, 3],
  ])(
    'an operation whose role %s ends as if nothing had happened',
    async (_name, bad, state, results, boots) => {
      let wasKilled = true;
      for (let place = 0; wasKilled; place += 1) {
        const world = await operationWorld(['node01', 'node02']);
        for (const role of bad) world.world.badRoles.add(role);
        await start(world);
        wasKilled = await runUntilKilled(world.database.state, { place, when }, world.runToEnd);
        expect(await world.runToEnd()).toMatchObject({ state });
        expect(world.results()).toEqual(results);
        expect(world.roleOf('node01')).toBe(bad.length > 0 ? 'compute' : 'login');
        expect(world.of('node01').boots).toHaveLength(boots);
      }
    },
    90_000,
  );
});
