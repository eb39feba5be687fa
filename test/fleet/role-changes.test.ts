import { expect, test } from 'vitest';

import { changeRole } from '../../src/fleet/role-change.ts';
import { changeRoles } from '../../src/fleet/role-changes.ts';
import { ChangedError, NotFoundError, RefusedError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { bySocket, dryRun, sampleFleet } from '../support/sample-fleet.ts';

const both = { nodes: ['node01', 'node02'], reboot: false };

test('all of them have it in one change, each with its event, and nobody is held at what it had', async () => {
  const pin = { generation: 'a', by: 'anna', atMs: 1 } as never;
  const { fleet, node, events, database } = await sampleFleet({ generationPins: { node02: pin, login: pin } });

  const { answer, etag } = await changeRoles('login', both, bySocket, fleet);

  expect(answer.changes.map(({ node: name, isChanged }) => [name, isChanged])).toEqual([
    ['node01', true],
    ['node02', true],
  ]);
  expect([node('node01')?.role, node('node02')?.role, node('head')?.role]).toEqual(['login', 'login', 'controller']);
  expect((await events()).map((event) => event.split(' ').slice(0, 2).join(' '))).toEqual([
    'node.role-set node01',
    'node.role-set node02',
  ]);
  expect(Object.keys(database.state.current().generationPins)).toEqual(['login']);
  expect(etag).toBe(etagOf(fleet.viewOf(database.state.current()).nodes));
});

test('one alone is told what it is told by its own path', async () => {
  const { fleet } = await sampleFleet();
  const alone = await changeRole('node01', { role: 'login', reboot: false }, dryRun, fleet);

  const { answer } = await changeRoles('login', { nodes: ['node01', 'node01'], reboot: false }, dryRun, fleet);

  expect(answer).toEqual({ dryRun: true, changes: [alone.answer] });
});

test.each<[string, string, string[], object]>([
  ['one that does not exist', 'login', ['node01', 'node09'], NotFoundError],
  ['a second controller', 'controller', ['node01', 'node02'], RefusedError],
  ['a role that nobody has written', 'logout', ['node01'], RefusedError],
])('%s changes none', async (_name, role, nodes, error) => {
  const { fleet, node, events } = await sampleFleet();

  await expect(changeRoles(role, { nodes, reboot: false }, bySocket, fleet)).rejects.toBeInstanceOf(error);

  expect(node('node01')?.role).toBe('compute');
  expect(await events()).toEqual([]);
});

test('a list that was read before somebody changed it changes none', async () => {
  const { fleet, node, database } = await sampleFleet();
  const ifMatch = etagOf(fleet.viewOf(database.state.current()).nodes);
  await changeRoles('login', { nodes: ['node02'], reboot: false }, bySocket, fleet);

  await expect(changeRoles('login', both, { ...bySocket, ifMatch }, fleet)).rejects.toBeInstanceOf(ChangedError);
  expect(node('node01')?.role).toBe('compute');
});

test('those that run are told to reboot, after the promise is written down, and not in a dry run', async () => {
  const { fleet, world, told, events } = await sampleFleet();
  world.decision = { kind: 'ssh', address: parseIpv4('10.42.0.99') };

  const planned = await changeRoles('login', { ...both, reboot: true }, dryRun, fleet);
  expect([planned.answer.changes.map(({ reboots }) => reboots), told, await events()]).toEqual([[true, true], [], []]);
  await changeRoles('login', { ...both, reboot: true }, bySocket, fleet);

  expect(told).toEqual(['node01 10.42.0.99', 'node02 10.42.0.99']);
  expect((await events()).filter((event) => event.startsWith('node.reboot-asked'))).toHaveLength(2);
});
