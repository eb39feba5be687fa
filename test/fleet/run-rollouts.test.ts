import { describe, expect, test } from 'vitest';

import { chooseVersion } from '../../src/fleet/image-choice.ts';
import { orderRollout, type RolloutOrder } from '../../src/fleet/rollout-orders.ts';
import { cancelOperation } from '../../src/fleet/start-operation.ts';
import type { ChangeOptions } from '../../src/model/change.ts';
import { ChangedError } from '../../src/model/errors.ts';
import type { Rollout } from '../../src/model/rollout.ts';
import { etagOf } from '../../src/plan/etag.ts';
import { taggedRollout } from '../../src/plan/resource-tags.ts';
import { bySocket, dryRun } from '../support/sample-fleet.ts';
import { runUntilKilled } from '../support/kill-at-write.ts';
import { newVersion, oldVersion, rolloutWorld } from '../support/rollout-world.ts';

type World = Awaited<ReturnType<typeof rolloutWorld>>;

const overlays = { kind: 'overlay', role: 'compute' } as const;

function order(world: World, what: RolloutOrder, id = '1', options: ChangeOptions = bySocket) {
  return orderRollout(id, what, { options, fleet: world.fleet, now: () => world.clock.nowMs });
}

const isNew = (_name: string, { image }: { readonly image: string }) => image.endsWith(newVersion);

test('a canary, then wave after wave: drained, rebooted, ready, and jobs again', async () => {
  const world = await rolloutWorld();
  const { answer } = await world.start();
  expect(answer).toMatchObject({
    dryRun: false,
    rollout: '1',
    target: { image: `debian-lite@${newVersion}` },
    from: `debian-lite@${oldVersion}`,
    waves: [['node01'], ['node02'], ['node03']],
  });

  expect(await world.runToEnd()).toMatchObject({ state: 'done', wave: 2 });

  expect(world.resultsOf()).toEqual({ node01: 'done', node02: 'done', node03: 'done' });
  expect(world.imagesOf()).toEqual([newVersion, newVersion, newVersion]);
  const each = ['node01', 'node02', 'node03'].flatMap((node) => [`drain ${node}`, `reboot ${node}`, `resume ${node}`]);
  expect(world.told).toEqual(each);
  // From here on the role has it, and no node a word of its own.
  expect(world.database.state.current().imageChoices).toEqual({
    'role/compute': { image: 'debian-lite', version: newVersion },
  });
  const kinds = (await world.events()).map((event) => event.split(' ')[0]);
  expect(kinds).toEqual(
    expect.arrayContaining([
      'rollout.started',
      'rollout.wave-begun',
      'rollout.wave-ended',
      'node.image-set',
      'rollout.ended',
    ]),
  );
});

test('the others boot what they had until their turn comes, also when they reboot meanwhile', async () => {
  const world = await rolloutWorld();
  await world.start();
  await world.lookUntil(() => world.rollout()?.gatesSinceMs !== undefined);

  world.reboot('node03');

  expect(world.imagesOf()).toEqual([newVersion, oldVersion, oldVersion]);
  expect(await world.runToEnd()).toMatchObject({ state: 'done' });
  expect(world.imagesOf()).toEqual([newVersion, newVersion, newVersion]);
});

test('a broken version stops at the canary, goes back by itself and says why', async () => {
  const world = await rolloutWorld();
  world.world.isBad = isNew;
  await world.start();

  expect(await world.runToEnd()).toMatchObject({ state: 'rolled-back', reason: 'node01: slurmd.service failed' });

  expect(world.resultsOf()).toEqual({ node01: 'fell-back', node02: 'open', node03: 'open' });
  expect(world.imagesOf()).toEqual([oldVersion, oldVersion, oldVersion]);
  expect(world.told).toEqual(['drain node01', 'reboot node01', 'reboot node01', 'resume node01']);
  // Nobody gets the broken one by rebooting, though it is the newest.
  world.reboot('node02');
  expect(world.imagesOf()).toEqual([oldVersion, oldVersion, oldVersion]);
});

test('what did not come up is not tried again unawares', async () => {
  const world = await rolloutWorld();
  world.world.isBad = isNew;
  await world.start();
  await world.runToEnd();
  world.world.isBad = () => false;

  await expect(world.start()).rejects.toThrow('node01 did not come up in it in operation 1: slurmd.service failed');
  await world.start({ retry: true });

  expect(await world.runToEnd()).toMatchObject({ id: '2', state: 'done' });
});

test('one that fails behind the canary takes back those that have it', async () => {
  const world = await rolloutWorld();
  world.world.isBad = (name, booted) => name === 'node02' && isNew(name, booted);
  await world.start();

  expect(await world.runToEnd()).toMatchObject({ state: 'rolled-back', reason: 'node02: slurmd.service failed' });

  expect(world.resultsOf()).toEqual({ node01: 'rolled-back', node02: 'fell-back', node03: 'open' });
  expect(world.imagesOf()).toEqual([oldVersion, oldVersion, oldVersion]);
  expect(world.told.slice(-3)).toEqual(['drain node01', 'reboot node01', 'resume node01']);
});

test('some may fail: the others go on, and what failed keeps the old one', async () => {
  const world = await rolloutWorld();
  world.world.isBad = (name, booted) => name === 'node02' && isNew(name, booted);
  await world.start({ maxFailed: 1 });

  expect(await world.runToEnd()).toMatchObject({ state: 'done', reason: 'node02 did not come up' });

  expect(world.imagesOf()).toEqual([newVersion, oldVersion, newVersion]);
  expect(world.database.state.current().imageChoices).toMatchObject({ 'node/node02': { version: oldVersion } });
});

test('a check of the administrator that fails takes the canary back', async () => {
  const world = await rolloutWorld();
  const command = ['/usr/local/bin/mpi'];
  world.site.view = {
    ...world.site.view,
    cluster: { ...world.site.view.cluster, checks: { mpi: { command, timeout: 1000 } } },
  };
  await expect(world.start({ checks: ['mpy'] })).rejects.toThrow('there is no check mpy; did you mean mpi?');
  world.failingChecks.add('mpi');
  await world.start({ checks: ['mpi'] });

  expect(await world.runToEnd()).toMatchObject({ state: 'rolled-back', reason: 'the check mpi: no route' });

  expect(world.told.filter((each) => each.startsWith('check'))).toEqual(['check mpi of wave 0: node01']);
  expect(world.resultsOf()).toMatchObject({ node01: 'rolled-back', node02: 'open' });
});

test('jobs that do not end keep a node as it is; a wave that nobody took waits to be told', async () => {
  const world = await rolloutWorld(['node01', 'node02']);
  world.of('node01').jobLooks = Infinity;
  await world.start();
  await world.lookUntil(() => world.rollout()?.state === 'paused');
  expect(world.rollout()?.reason).toMatch(/^no node of the canary took it: node01: jobs still ran on node01/);

  world.of('node01').jobLooks = 0;
  await order(world, 'resume');

  expect(await world.runToEnd()).toMatchObject({ state: 'done' });
  expect(world.imagesOf()).toEqual([newVersion, newVersion]);
});

test('an order for a rollout as somebody has seen it is refused when it is another one now', async () => {
  const world = await rolloutWorld();
  await world.start();
  const seen = etagOf(taggedRollout(world.rollout() as Rollout));
  await order(world, 'pause', '1', { ...bySocket, ifMatch: seen });

  await expect(order(world, 'abort', '1', { ...bySocket, ifMatch: seen })).rejects.toBeInstanceOf(ChangedError);
  expect(world.rollout()?.state).toBe('paused');
});

test('paused, it begins no other node; resumed, it goes on', async () => {
  const world = await rolloutWorld();
  await world.start();
  await world.look();
  const { answer } = await order(world, 'pause');
  expect(answer).toEqual({ rollout: '1', dryRun: false, state: 'paused', nodes: [] });
  for (let looks = 0; looks < 40; looks += 1) await world.look();
  expect(world.rollout()).toMatchObject({ state: 'paused', reason: 'paused by socket', wave: 0 });
  expect(world.imagesOf()[1]).toBe(oldVersion);

  await order(world, 'resume');

  expect(await world.runToEnd()).toMatchObject({ state: 'done' });
});

test('aborted in the middle of a wave: what is under way ends, and all have the old one', async () => {
  const world = await rolloutWorld();
  await world.start();
  await world.lookUntil(() => world.rollout()?.wave === 1 && world.told.includes('reboot node02'));

  expect((await order(world, 'abort', '1', dryRun)).answer).toMatchObject({
    dryRun: true,
    nodes: ['node01', 'node02'],
  });
  expect(world.rollout()?.state).toBe('running');
  await order(world, 'abort');

  expect(await world.runToEnd()).toMatchObject({ state: 'rolled-back', reason: 'aborted by socket' });
  expect(world.resultsOf()).toEqual({ node01: 'rolled-back', node02: 'rolled-back', node03: 'open' });
  expect(world.imagesOf()).toEqual([oldVersion, oldVersion, oldVersion]);
  await expect(order(world, 'abort')).rejects.toThrow('rollout 1 has ended: rolled-back');
  await expect(order(world, 'pause', '7')).rejects.toThrow('there is no rollout 7');
});

test('as long as it goes on nobody else says what the role boots', async () => {
  const world = await rolloutWorld();
  await world.start();

  await expect(world.start()).rejects.toThrow('rollout 1 changes what compute boots');
  const newest = { version: 'newest' };
  await expect(chooseVersion('compute', newest, bySocket, world.fleet)).rejects.toThrow('rollout 1 changes');
  await expect(chooseVersion('node03', newest, bySocket, world.fleet)).rejects.toThrow('rollout 1 changes');
  await expect(cancelOperation('1', bySocket, world.fleet)).rejects.toThrow('operation 1 is a part of rollout 1');
});

test('a dry run shows the waves and begins nothing', async () => {
  const world = await rolloutWorld();
  const before = world.database.state.current();
  expect((await world.start({}, dryRun)).answer).toMatchObject({
    dryRun: true,
    waves: [['node01'], ['node02'], ['node03']],
  });
  expect(world.database.state.current()).toBe(before);
});

test('overlays are rolled out alike: the others are held at what they run', async () => {
  const world = await rolloutWorld();
  await chooseVersion('compute', { version: oldVersion }, bySocket, world.fleet);
  world.world.edition = 2;
  await world.start({ target: overlays });
  await world.lookUntil(() => world.rollout()?.gatesSinceMs !== undefined);
  world.reboot('node03');
  const editions = () => ['node01', 'node02', 'node03'].map((name) => world.of(name).booted.generation.at(-1));
  expect(editions()).toEqual(['2', '1', '1']);

  expect(await world.runToEnd()).toMatchObject({ state: 'done' });

  expect(editions()).toEqual(['2', '2', '2']);
  expect(world.database.state.current().generationPins).toEqual({});
});

test('overlays that are broken go back to the generation before, and all stay there', async () => {
  const world = await rolloutWorld();
  await chooseVersion('compute', { version: oldVersion }, bySocket, world.fleet);
  world.world.edition = 2;
  world.world.isBad = (_name, { generation }) => generation.endsWith('2');
  await world.start({ target: overlays });

  expect(await world.runToEnd()).toMatchObject({ state: 'rolled-back', reason: 'node01: slurmd.service failed' });

  world.reboot('node02');
  expect(['node01', 'node02'].map((name) => world.of(name).booted.generation.at(-1))).toEqual(['1', '1']);
  // Mended, they are rolled out from there.
  world.world.edition = 3;
  await world.start({ target: overlays, retry: true });
  expect(await world.runToEnd()).toMatchObject({ state: 'done' });
});

/** Each write is a place where a service may be killed: before it reached the disk, and after. */
describe.each(['before', 'after'] as const)('killed %s any write', (when) => {
  const both = { node01: 'done', node02: 'done' };
  test.each([
    ['comes up', () => false, 'done', both, newVersion],
    ['fails at the canary', isNew, 'rolled-back', { node01: 'fell-back', node02: 'open' }, oldVersion],
    [
      'fails behind it',
      (name: string, booted: { image: string }) => name === 'node02' && isNew(name, booted),
      'rolled-back',
      { node01: 'rolled-back', node02: 'fell-back' },
      oldVersion,
    ],
  ])(
    'a rollout of what %s ends as if nothing had happened',
    async (_name, isBad, state, results, version) => {
      let wasKilled = true;
      for (let place = 0; wasKilled; place += 1) {
        const world = await rolloutWorld(['node01', 'node02']);
        world.world.isBad = isBad;
        await world.start();
        wasKilled = await runUntilKilled(world.database.state, { place, when }, world.runToEnd);
        world.restart();
        expect(await world.runToEnd()).toMatchObject({ state });
        expect(world.resultsOf()).toEqual(results);
        expect(world.imagesOf()).toEqual([version, version]);
        const drained = [...world.nodes.values()].filter(({ isDrained }) => isDrained);
        expect(drained).toEqual([]);
      }
    },
    120_000,
  );
});
