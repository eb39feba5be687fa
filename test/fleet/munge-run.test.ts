import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { runRotations } from '../../src/fleet/munge-run.ts';
import { cancelRotation, startRotation } from '../../src/fleet/munge-start.ts';
import { firstKey, mortal, mungeWorld, type MungeWorld } from '../support/munge-world.ts';
import { bySocket, dryRun } from '../support/sample-fleet.ts';

const forward = ['close done', 'push done', 'restart done', 'open done'];
const back = ['push-back done', 'restart-back done', 'open-back done'];
const allNew = { head: 'new', node01: 'new', node02: 'new', node03: 'new' };
const allOld = { head: 'old', node01: 'old', node02: 'old', node03: 'old' };

/** As before, and what an administrator has drained stays so. */
const asBefore = { main: 'UP', night: 'UP', broken: 'DRAIN' };
const partitionsOf = (world: MungeWorld) => Object.fromEntries(world.partitions);

test('partitions are closed, every munged gets the new key, partitions are opened', async () => {
  const world = await mungeWorld();

  expect(await world.start()).toMatchObject({ operation: '1', partitions: ['main', 'night'] });
  expect(await world.runToEnd()).toMatchObject({ state: 'done' });
  expect(world.rotation()).not.toHaveProperty('reason');

  expect(world.steps()).toEqual(forward);
  expect(world.told).toEqual(['close main', 'close night', 'open main', 'open night']);
  expect(world.keys()).toEqual(allNew);
  expect(await world.given()).not.toBe(firstKey);
  expect(world.rotation()?.nodes.map(({ state }) => state)).toEqual(Array<string>(4).fill('restarted'));
  expect((await world.events()).map((event) => event.split(' ')[0])).toEqual([
    'operation.started',
    ...Array<string>(4).fill('operation.step'),
    'operation.ended',
  ]);
});

test('no partition is open while nodes have two keys', async () => {
  const world = await mungeWorld();
  await world.start();
  const push = world.deps.keysOf;
  let seen: object | undefined;
  const keysOf: typeof push = (rotation) => {
    const keys = push(rotation);
    return { ...keys, push: () => keys.push().then(() => void (seen = partitionsOf(world))) };
  };
  await world.runToEnd({ ...world.deps, keysOf });
  expect(seen).toEqual({ main: 'DOWN', night: 'DOWN', broken: 'DRAIN' });
});

test('a dry run says who gets it when, and does nothing', async () => {
  const world = await mungeWorld();
  world.of('node02').isRunning = false;

  const { answer } = await startRotation('mungeKey', { force: false }, dryRun, world.fleet);

  expect(answer).toMatchObject({ dryRun: true, secret: 'mungeKey', partitions: ['main', 'night'] });
  expect(answer.operation).toBeUndefined();
  expect(answer.nodes.map(({ node, state }) => `${node} ${state}`)).toEqual([
    'head waiting',
    'node01 waiting',
    'node02 next-boot',
    'node03 waiting',
  ]);
  expect(world.rotation()).toBeUndefined();
  expect([await world.given(), world.told]).toEqual([firstKey, []]);
});

test('nodes that do not run, and one that does not answer, are named', async () => {
  const world = await mungeWorld(['head', 'node01', 'node02', 'node03', 'node04']);
  world.of('node02').isRunning = false;
  world.of('node04').isDeaf = true;
  await world.start();

  expect(await world.runToEnd()).toMatchObject({ state: 'done', reason: 'at their next boot: node[02,04]' });

  expect(world.rotation()?.nodes.find(({ node }) => node === 'node02')?.detail).toBe('it is not heard');
  expect(world.rotation()?.nodes.find(({ node }) => node === 'node04')?.detail).toBe(
    'it did not restart munged in time',
  );
  expect(partitionsOf(world)).toEqual(asBefore);
});

test.each([
  ['the controller', ['head'], 'head, the Slurm controller, did not restart munged with the new key'],
  ['more than a fifth', ['node01', 'node02'], '2 of 4 nodes did not restart munged with the new key: node[01-02]'],
])('the old key comes back when %s does not restart munged', async (_name, deaf, reason) => {
  const world = await mungeWorld();
  await world.start();
  for (const name of deaf) world.of(name).isDeaf = true;

  expect(await world.runToEnd()).toMatchObject({ state: 'failed', reason });

  expect(world.steps()).toEqual(['close done', 'push done', 'restart failed', ...back]);
  expect([world.keys(), partitionsOf(world)]).toEqual([allOld, asBefore]);
  expect(await world.given()).toBe(firstKey);
});

test('a controller that is lost on the way brings the old key back, and is waited for', async () => {
  const world = await mungeWorld();
  await world.start();
  while (world.rotation()?.steps.at(-1)?.step !== 'restart') await world.look();
  Object.assign(world.of('head'), { isRunning: false, has: firstKey });
  world.world.isControllerDown = true;

  expect(await world.runToEnd()).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('the partitions main, night could not be opened again') as unknown,
    hint: expect.stringContaining('scontrol update partitionname=main state=up; scontrol') as unknown,
  });
  expect(await world.given()).toBe(firstKey);
});

test('a partition that somebody drains meanwhile stays drained', async () => {
  const world = await mungeWorld();
  await world.start();
  while (world.rotation()?.steps.at(-1)?.step !== 'restart') await world.look();
  world.partitions.set('night', 'DRAIN');
  await world.runToEnd();
  expect(partitionsOf(world)).toEqual({ ...asBefore, night: 'DRAIN' });
});

test('a controller that never answers changes no key', async () => {
  const world = await mungeWorld();
  await world.start();
  world.world.isControllerDown = true;
  const ends = world.runToEnd();
  expect(await ends).toMatchObject({ state: 'failed' });
  expect(world.steps()?.slice(0, 1)).toEqual(['close failed']);
  expect([await world.given(), world.keys()]).toEqual([firstKey, allOld]);
});

describe('cancelled', () => {
  test.each(['close', 'push', 'restart'] as const)('in %s, the old key is everybody’s again', async (step) => {
    const world = await mungeWorld();
    await world.start();
    while (world.rotation()?.steps.at(-1)?.step !== step) await world.look();

    const stale = { ...bySocket, ifMatch: '"old"' };
    await expect(cancelRotation('1', stale, world.fleet)).rejects.toThrow('operation 1 was changed since');
    expect((await cancelRotation('1', bySocket, world.fleet)).answer).toMatchObject({ operation: '1', goOn: [] });

    expect(await world.runToEnd()).toMatchObject({ state: 'cancelled', reason: 'cancelled by socket' });
    expect([world.keys(), partitionsOf(world)]).toEqual([allOld, asBefore]);
    expect(await world.given()).toBe(firstKey);
  });

  test('too late, it is refused', async () => {
    const world = await mungeWorld();
    await world.start();
    while (world.rotation()?.steps.at(-1)?.step !== 'open') await world.look();
    await expect(cancelRotation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 has got too far');
    await world.runToEnd();
    await expect(cancelRotation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 has ended: done');
    await expect(cancelRotation('9', bySocket, world.fleet)).rejects.toThrow('there is no operation 9');
  });
});

describe('is refused', () => {
  test('for another secret, and for a file of the owner', async () => {
    const world = await mungeWorld();
    await expect(startRotation('sshHostKey', { force: false }, bySocket, world.fleet)).rejects.toThrow(
      'sshHostKey is not the secret that overlays put into etc/munge/munge.key',
    );
    const { cluster } = world.fleet.view();
    const view = { ...world.fleet.view(), cluster: { ...cluster, secrets: { mungeKey: { file: '/etc/munge/k' } } } };
    await expect(
      startRotation('munge', { force: false }, bySocket, { ...world.fleet, view: () => view }),
    ).rejects.toThrow('mungeKey is the file /etc/munge/k, which is yours');
  });

  test('while an operation goes on', async () => {
    const world = await mungeWorld();
    await world.start();
    await expect(world.start()).rejects.toThrow('operation 1 goes on');
  });

  test('when the controller, or without --force a node, does not tell its key', async () => {
    const world = await mungeWorld();
    world.of('node02').tells = false;
    await expect(world.start()).rejects.toThrow('node02: it does not tell which munge key it has');
    expect((await world.start(true)).nodes[2]).toMatchObject({ node: 'node02', state: 'next-boot' });
    await world.runToEnd();
    world.of('head').tells = false;
    await expect(world.start(true)).rejects.toThrow('head, the Slurm controller, does not tell which munge key it has');
  });

  test('where the controller runs and cannot be asked', async () => {
    const world = await mungeWorld();
    world.world.isControllerDown = true;
    await expect(world.start()).rejects.toThrow('ssh to the controller failed');
  });
});

test('where Slurm is off, there is nobody to close a partition', async () => {
  const world = await mungeWorld(['head', 'node01']);
  world.of('head').isRunning = false;
  world.world.isControllerDown = true;

  expect(await world.start()).toMatchObject({ partitions: [] });
  expect(await world.runToEnd()).toMatchObject({ state: 'done', reason: 'at their next boot: head' });

  expect(world.steps()).toEqual(['close skipped', 'push done', 'restart done', 'open skipped']);
  expect(world.keys()).toEqual({ head: 'old', node01: 'new' });
});

test('its number is of the same row as those of other operations, and old ones are forgotten', async () => {
  const world = await mungeWorld(['head']);
  for (let turn = 0; turn < 23; turn += 1) {
    await world.start();
    await world.runToEnd();
  }
  const ids = Object.keys(world.database.state.current().mungeRotations).map(Number);
  expect([Math.min(...ids), Math.max(...ids)]).toEqual([3, 23]);
});

test('the part of the service carries it out, and throws old keys away', async () => {
  const world = await mungeWorld(['head']);
  await world.start();
  const stop = new AbortController();
  const running = runRotations(world.deps, stop.signal, 1);
  await expect
    .poll(async () => {
      world.of('head').has = await world.given();
      return world.rotation()?.state;
    })
    .toBe('done');
  await expect.poll(() => readdir(path.join(world.dir, 'rotations'))).toEqual([]);
  stop.abort();
  await running;
});

/** Each write to the journal, each order to Slurm and each change of the key is a place where a service may be killed. */
describe.each(['before', 'after'] as const)('killed %s anything that it does', (when) => {
  test.each([
    ['that goes well', undefined, 'done', allNew],
    ['that goes back by itself', 'deaf', 'failed', allOld],
    ['that is cancelled', 'cancelled', 'cancelled', allOld],
  ] as const)(
    'a rotation %s ends as if nothing had happened',
    async (_name, fate, state, keys) => {
      let wasKilled = true;
      let places = 0;
      for (; wasKilled; places += 1) {
        const world = await mungeWorld();
        await world.start();
        if (fate === 'deaf') world.of('head').isDeaf = true;
        wasKilled = await runUntilKilled(world, places, { when, isCancelled: fate === 'cancelled' });
        expect(await world.runToEnd()).toMatchObject({ state });
        expect([world.keys(), partitionsOf(world)]).toEqual([keys, asBefore]);
        expect((await world.given()) === firstKey).toBe(keys === allOld);
      }
      expect(places).toBeGreaterThan(8);
    },
    90_000,
  );
});

/** @returns false when it ended before that place */
async function runUntilKilled(
  world: MungeWorld,
  place: number,
  { when, isCancelled }: { when: 'before' | 'after'; isCancelled: boolean },
): Promise<boolean> {
  const life = { isOver: false };
  const own = mortal(world, { place, when, hasDied: () => void (life.isOver = true) });
  for (let looks = 0; looks < 500 && !life.isOver && world.rotation()?.endedAtMs === undefined; looks += 1) {
    await world.look(own).catch(() => undefined);
    if (isCancelled && world.rotation()?.steps.at(-1)?.step === 'restart') await cancelOnce(world);
  }
  if (isCancelled) await cancelOnce(world);
  return life.isOver;
}

async function cancelOnce(world: MungeWorld): Promise<void> {
  const { state, endedAtMs } = world.rotation() ?? {};
  if (state === 'running' && endedAtMs === undefined) await cancelRotation('1', bySocket, world.fleet);
}
