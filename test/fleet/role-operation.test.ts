/** One node that is given a role by PUT with `drain`: an operation like any other, and an answer about this node. */
import { expect, test } from 'vitest';

import { assignRole } from '../../src/fleet/role-operation.ts';
import type { ChangeOptions } from '../../src/model/change.ts';
import { ChangedError, NotFoundError } from '../../src/model/errors.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { operationWorld } from '../support/operation-world.ts';
import { bySocket, dryRun } from '../support/sample-fleet.ts';

type World = Awaited<ReturnType<typeof operationWorld>>;

const drained = { drain: 'wait' as const, drainDeadlineMs: 60_000, retry: false };

function assign(world: World, role: string, options: ChangeOptions = bySocket, name = 'node01') {
  return assignRole(name, { ...drained, role }, options, { fleet: world.fleet, now: () => world.clock.nowMs });
}

function tagOfNode01({ database }: World): string {
  return etagOf(database.state.current().nodes.find(({ name }) => name === 'node01') ?? {});
}

test('it is drained, changed, rebooted and ready; others stay as they are', async () => {
  const world = await operationWorld(['node01', 'node02']);

  const { answer } = await assign(world, 'login');
  expect(answer).toMatchObject({ dryRun: false, operation: '1', nodes: [{ node: 'node01' }] });
  expect(world.operation()).toMatchObject({ kind: 'role-change', drain: 'wait', maxUnavailable: 1 });
  expect(await world.runToEnd()).toMatchObject({ state: 'done' });

  expect(world.told).toEqual(['drain node01', 'reboot node01']);
  expect([world.roleOf('node01'), world.roleOf('node02')]).toEqual(['login', 'compute']);
});

test('a role that does not come up is taken back', async () => {
  const world = await operationWorld(['node01']);
  world.world.badRoles.add('login');
  await assign(world, 'login');

  expect(await world.runToEnd()).toMatchObject({ state: 'failed' });

  expect([world.results(), world.roleOf('node01')]).toEqual([{ node01: 'fell-back' }, 'compute']);
  await expect(assign(world, 'login', dryRun)).rejects.toThrow('node01 did not come up as login in operation 1');
});

test.each([
  ['a dry run', 'login', dryRun, { dryRun: true, isChanged: true, reboots: true, diff: { role: { to: 'login' } } }],
  ['the role that it has', 'compute', bySocket, { dryRun: false, isChanged: false, reboots: false }],
])('%s begins nothing, and is answered with what it means for the node', async (_name, role, options, told) => {
  const world = await operationWorld(['node01']);

  const { answer, etag } = await assign(world, role, options);

  expect(answer).toMatchObject({ node: 'node01', ...told });
  expect(etag).toBe(tagOfNode01(world));
  expect([world.operation(), world.roleOf('node01')]).toEqual([undefined, 'compute']);
});

test('If-Match is the tag of the node', async () => {
  const world = await operationWorld(['node01']);

  await expect(assign(world, 'login', { ...bySocket, ifMatch: '"old"' })).rejects.toBeInstanceOf(ChangedError);
  await expect(assign(world, 'login', { ...dryRun, ifMatch: '"old"' })).rejects.toBeInstanceOf(ChangedError);
  expect(world.operation()).toBeUndefined();
  const { answer } = await assign(world, 'login', { ...bySocket, ifMatch: tagOfNode01(world) });

  expect(answer).toMatchObject({ operation: '1' });
});

test('a node that is in an operation, or is none, is refused', async () => {
  const world = await operationWorld(['node01']);
  await assign(world, 'login');

  await expect(assign(world, 'login')).rejects.toThrow('node01 is in operation 1');
  await expect(assign(world, 'login', bySocket, 'node7')).rejects.toBeInstanceOf(NotFoundError);
});
