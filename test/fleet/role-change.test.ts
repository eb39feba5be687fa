import { expect, test } from 'vitest';

import { rebootNode } from '../../src/fleet/reboot-node.ts';
import { changeRole } from '../../src/fleet/role-change.ts';
import { startRoleChange } from '../../src/fleet/start-operation.ts';
import { ChangedError, HostError, NotFoundError, RefusedError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { bySocket, dryRun, sampleFleet } from '../support/sample-fleet.ts';
import { sampleManifest, sampleNode } from '../support/sample-view.ts';

const login = { role: 'login', reboot: false };
const address = parseIpv4('10.42.0.11');

test('a node without power gets its role and is not told to reboot', async () => {
  const { fleet, node, events, told } = await sampleFleet();

  const { answer, etag } = await changeRole('node01', { role: 'login', reboot: true }, bySocket, fleet);

  expect(answer).toMatchObject({ node: 'node01', dryRun: false, isChanged: true, reboots: false });
  expect(answer.diff.slurm).toEqual({ from: 'compute', to: 'none' });
  expect(node('node01')?.role).toBe('login');
  expect(etag).toBe(etagOf({ ...sampleNode('node01'), role: 'login' }));
  expect(told).toEqual([]);
  const { generation } = answer.diff;
  expect(await events()).toEqual([
    `node.role-set node01 ${JSON.stringify({ from: 'compute', to: 'login', image: 'debian-lite@20261121.1', generation: generation.to, by: 'socket' })}`,
  ]);
});

test('one that runs is told to reboot where it listens, after the promise is written down', async () => {
  const { fleet, world, told, events } = await sampleFleet();
  world.decision = { kind: 'ssh', address: parseIpv4('10.42.0.99') };

  const { answer } = await changeRole('node01', { role: 'login', reboot: true }, bySocket, fleet);

  expect(answer.reboots).toBe(true);
  expect(told).toEqual(['node01 10.42.0.99']);
  expect((await events()).at(-1)).toBe('node.reboot-asked node01 {"address":"10.42.0.99","by":"socket"}');
});

test.each([
  ['that it has is no change', false, false, false],
  ['that it has and does not run yet makes it reboot', true, false, true],
  ['that it has and runs makes no reboot', true, true, false],
])('a role %s', async (_name, reboot, isCurrent, reboots) => {
  const { fleet, world, told } = await sampleFleet();
  world.decision = { kind: 'ssh', address };
  world.isCurrent = isCurrent;

  const { answer } = await changeRole('node01', { role: 'compute', reboot }, bySocket, fleet);

  expect(answer).toMatchObject({ isChanged: false, reboots, diff: { generation: {} } });
  expect(told).toHaveLength(reboots ? 1 : 0);
});

test('a dry run answers the same and changes nothing', async () => {
  const { fleet, world, node, events, told } = await sampleFleet();
  world.decision = { kind: 'ssh', address };
  const wanted = { role: 'login', reboot: true };

  const planned = await changeRole('node01', wanted, dryRun, fleet);
  expect(node('node01')?.role).toBe('compute');
  expect([await events(), told]).toEqual([[], []]);
  expect(planned.etag).toBe(etagOf(sampleNode('node01')));
  const done = await changeRole('node01', wanted, bySocket, fleet);

  expect(planned.answer).toEqual({ ...done.answer, dryRun: true });
});

test('it is refused with reason and hint, and nothing is written', async () => {
  const { fleet, world, node, events } = await sampleFleet();

  const second = await changeRole('node01', { role: 'controller', reboot: false }, bySocket, fleet).catch(
    (error: unknown) => error,
  );
  expect(second).toBeInstanceOf(RefusedError);
  expect(second).toMatchObject({
    message: expect.stringContaining('head is the Slurm controller') as never,
    hint: expect.stringContaining('pi-image node set head') as never,
  });
  world.running = new Map([['head', 'controller']]);
  await changeRole('head', login, bySocket, fleet);
  await expect(changeRole('node01', { role: 'controller', reboot: false }, bySocket, fleet)).rejects.toThrow(
    'still runs as the Slurm controller',
  );
  world.view = { ...world.view, images: new Map([['debian-lite', []]]) };
  await expect(changeRole('node01', login, bySocket, fleet)).rejects.toThrow('no version of the image debian-lite');
  await expect(changeRole('node7', login, bySocket, fleet)).rejects.toThrow(NotFoundError);

  expect(node('node01')?.role).toBe('compute');
  expect(await events()).toHaveLength(1);
});

test('If-Match guards the node: its tag changes with every change, and with nothing else', async () => {
  const { fleet } = await sampleFleet();
  const tag = etagOf(sampleNode('node01'));

  const { etag } = await changeRole('node02', login, { ...bySocket, ifMatch: '*' }, fleet);
  expect(etag).not.toBe(tag);
  const after = await changeRole('node01', login, { ...bySocket, ifMatch: tag }, fleet);
  await expect(
    changeRole('node01', { role: 'compute', reboot: false }, { ...bySocket, ifMatch: tag }, fleet),
  ).rejects.toThrow(ChangedError);
  await changeRole('node01', { role: 'compute', reboot: false }, { ...bySocket, ifMatch: after.etag }, fleet);
});

test('of two that want to be the controller at once, one is', async () => {
  const { fleet, nodes } = await sampleFleet({ nodes: ['node01', 'node02'].map((name) => sampleNode(name)) });
  const wanted = { role: 'controller', reboot: false };

  const results = await Promise.allSettled(
    ['node01', 'node02'].map((name) => changeRole(name, wanted, bySocket, fleet)),
  );

  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(nodes().map(({ role }) => role)).toEqual(['controller', 'compute']);
});

test('a change that finds everything so already is answered when that is on the disk', async () => {
  const { fleet, database } = await sampleFleet();
  const order: string[] = [];
  database.events.subscribe(({ kind }) => void order.push(kind));

  await Promise.all([
    changeRole('node01', login, bySocket, fleet),
    changeRole('node01', login, bySocket, fleet).then(({ answer }) => order.push(`answered ${answer.isChanged}`)),
  ]);

  expect(order).toEqual(['node.role-set', 'answered false']);
});

test('an image that is built later makes the role possible', async () => {
  const { fleet, world } = await sampleFleet();
  const { images } = world.view;
  world.view = { ...world.view, images: new Map() };

  await expect(changeRole('node01', login, bySocket, fleet)).rejects.toThrow('no version of the image');
  world.view = { ...world.view, images: new Map([...images, ['other', [sampleManifest({ name: 'other' })]]]) };

  expect((await changeRole('node01', login, bySocket, fleet)).answer.isChanged).toBe(true);
});

test('a reboot on request is promised first; one that nobody would hear is refused', async () => {
  const { fleet, world, told, events } = await sampleFleet();

  await expect(rebootNode('node01', bySocket, fleet)).rejects.toThrow(RefusedError);
  world.decision = { kind: 'ssh', address };
  await rebootNode('node01', dryRun, fleet);
  expect([await events(), told]).toEqual([[], []]);
  await expect(rebootNode('node01', { ...bySocket, ifMatch: '"old"' }, fleet)).rejects.toThrow(ChangedError);
  const { answer } = await rebootNode('node01', { ...bySocket, by: 'anna' }, fleet);

  expect(answer).toEqual({ node: 'node01', dryRun: false });
  expect(await events()).toEqual(['node.reboot-asked node01 {"address":"10.42.0.11","by":"anna"}']);
  expect(told).toEqual(['node01 10.42.0.11']);
});

test('what cannot be written is not told to the node', async () => {
  const { fleet, world, told } = await sampleFleet();
  world.decision = { kind: 'ssh', address };
  const full = { ...fleet.state, update: () => Promise.reject(new HostError('the disk is full')) };

  await expect(
    changeRole('node01', { role: 'login', reboot: true }, bySocket, { ...fleet, state: full }),
  ).rejects.toThrow('the disk is full');

  expect(told).toEqual([]);
});

test('a node that is getting another munge key is left alone until it has it', async () => {
  const nodes = [{ node: 'node01', state: 'waiting' as const }];
  const kind = 'munge-rotation' as const;
  const open = { id: '4', kind, by: 'ops', secret: 'mungeKey', partitions: [], startedAtMs: 1, steps: [], nodes };
  const { fleet } = await sampleFleet({ mungeRotations: { 4: { ...open, state: 'running' } } });
  const assignment = {
    role: 'login',
    nodes: ['node01'],
    drain: 'wait' as const,
    drainDeadlineMs: 60_000,
    maxUnavailable: { count: 1 },
    retry: false,
  };

  await expect(changeRole('node01', login, bySocket, fleet)).rejects.toThrow('node01 is in operation 4');
  await expect(rebootNode('node01', bySocket, fleet)).rejects.toThrow('node01 is in operation 4');
  await expect(startRoleChange(assignment, bySocket, fleet, () => 1)).rejects.toThrow('node01 is in operation 4');
});
