/** If-Match of what is ordered of an operation: its state counts, and not the steps that go on. */
import { expect, test } from 'vitest';

import { resumeOperation } from '../../src/fleet/resume-operation.ts';
import { cancelOperation, startRoleChange } from '../../src/fleet/start-operation.ts';
import type { ChangeOptions } from '../../src/model/change.ts';
import { ChangedError } from '../../src/model/errors.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { taggedOperation } from '../../src/plan/resource-tags.ts';
import { operationWorld } from '../support/operation-world.ts';
import { bySocket } from '../support/sample-fleet.ts';

const drained = { drain: 'wait' as const, drainDeadlineMs: 60_000, retry: false };

test('one that somebody has stopped, or let go on, since it was read is left alone', async () => {
  const world = await operationWorld(['node01', 'node02']);
  const assignment = { role: 'login', nodes: ['node01', 'node02'], maxUnavailable: { count: 1 }, ...drained };
  await startRoleChange(assignment, bySocket, world.fleet, () => world.clock.nowMs);
  const tagged = (): ChangeOptions => {
    const seen = world.operation();
    return { ...bySocket, ifMatch: seen && etagOf(taggedOperation(seen)) };
  };
  const running = tagged();
  await world.look();
  expect(tagged()).toEqual(running);

  await cancelOperation('1', running, world.fleet);
  await expect(cancelOperation('1', running, world.fleet)).rejects.toBeInstanceOf(ChangedError);
  await world.runToEnd();
  const ended = tagged();
  await expect(resumeOperation('1', running, world.fleet)).rejects.toBeInstanceOf(ChangedError);
  await resumeOperation('1', ended, world.fleet);

  expect(world.operation()).toMatchObject({ state: 'running' });
  await expect(resumeOperation('1', ended, world.fleet)).rejects.toBeInstanceOf(ChangedError);
});
