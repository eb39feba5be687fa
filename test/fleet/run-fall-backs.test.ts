import { expect, test } from 'vitest';

import { chooseVersion } from '../../src/fleet/image-choice.ts';
import { lookAtFailures, type FallBacksDeps } from '../../src/fleet/run-fall-backs.ts';
import { HostError } from '../../src/model/errors.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';
import { runUntilKilled } from '../support/kill-at-write.ts';
import { cameUp, unitsFailed } from '../support/failed-boots.ts';
import { bySocket, sampleFleet } from '../support/sample-fleet.ts';

const minuteMs = 60_000;
const address = parseIpv4('10.42.0.11');
const image = 'debian-lite@20261121.1';
const good = 'a'.repeat(64);

/** node01 came up in `good`, and would boot what its role says; the part has begun to look. */
async function fallBackWorld() {
  const sample = await sampleFleet();
  const { fleet, database, world } = sample;
  const viewNow = () => fleet.viewOf(database.state.current());
  const nodeOf = (name: string) => viewNow().nodes.find((node) => node.name === name);
  const planOf = (name: string): Generation | undefined => {
    const node = nodeOf(name);
    return node && planGeneration(node, viewNow());
  };
  const clock = { nowMs: 1000 * minuteMs };
  const around = { lookingSinceMs: clock.nowMs, slurm: 'IDLE', planned: new Map<string, string>() };
  const boots: Boot[] = [cameUp('node01', good, clock.nowMs - minuteMs)];
  const said: (readonly [readonly string[], string | undefined])[] = [];
  world.decision = { kind: 'ssh', address };
  const plannedOf = (name: string) => around.planned.get(name) ?? planOf(name)?.id;
  const generation = (id: string) => {
    const plan = planOf('node01');
    return id === good && plan !== undefined ? { ...plan, id } : undefined;
  };
  const deps: FallBacksDeps = {
    state: database.state,
    reboots: fleet.reboots,
    boots: () => boots,
    bootsOf: (name) => boots.filter(({ node }) => node === name),
    factsOf: (name) => {
      const node = nodeOf(name);
      const isCompute = node?.role === 'compute';
      return node && { node, state: 'failed', view: viewNow(), generation, isCompute };
    },
    plannedOf,
    slurm: {
      isThere: () => true,
      nodes: () =>
        around.slurm === ''
          ? Promise.reject(new HostError('ssh to the controller failed'))
          : Promise.resolve(parseSlurmNodes(`NodeName=node01 Arch=aarch64 State=${around.slurm}`)),
    },
    tell: (...words) => void said.push(words),
    now: () => clock.nowMs,
    log: { info: () => undefined, warn: () => undefined },
  };
  const look = async (afterMs = 0, state: FallBacksDeps['state'] = database.state) => {
    clock.nowMs += afterMs;
    await lookAtFailures({ ...deps, state }, around.lookingSinceMs, new AbortController().signal);
  };
  const fail = (name = 'node01') => {
    const failed = unitsFailed(name, plannedOf(name) ?? '', clock.nowMs);
    boots.push(failed);
    return failed;
  };
  const pins = () => database.state.current().generationPins;
  await look();
  return { ...sample, clock, around, boots, said, look, fail, pins };
}

type World = Awaited<ReturnType<typeof fallBackWorld>>;

const held = async ({ events }: World) => (await events()).filter((event) => event.startsWith('node.held'));

test('a node whose new generation failed goes back to what came up before, and reboots', async () => {
  const world = await fallBackWorld();
  const bad = world.fail();
  await world.look(minuteMs - 1);
  expect([world.pins(), world.told]).toEqual([{}, []]);

  await world.look(1);

  const cause = 'slurmd.service: killed';
  const fellFrom = { generation: bad.generation, cause };
  expect(world.pins()).toEqual({ node01: { generation: good, image, role: 'compute', by: 'fall-back', fellFrom } });
  expect(world.database.state.current().quarantine).toEqual({
    [bad.generation]: { node: 'node01', role: 'compute', atMs: world.clock.nowMs, cause },
  });
  expect(world.told).toEqual(['node01 10.42.0.11']);
  expect(await world.events()).toEqual([
    `node.held node01 ${JSON.stringify({ generation: good, image, reason: cause, by: 'fall-back' })}`,
    `node.reboot-asked node01 ${JSON.stringify({ address, by: 'fall-back' })}`,
  ]);
  expect(world.said.at(-1)).toEqual([[], 'holds node01 at what came up before']);
  await world.look(minuteMs);
  expect(world.told).toHaveLength(1);
});

test('what had failed before anybody looked is left as it is, also after a restart', async () => {
  const world = await fallBackWorld();
  world.boots.push(unitsFailed('node01', 'old', world.clock.nowMs - 1));
  world.around.planned.set('node01', 'old');
  world.around.lookingSinceMs = world.clock.nowMs;

  await world.look(2 * minuteMs);

  expect(world.pins()).toEqual({});
  expect(world.database.state.current().watchedSince).toEqual({ 'fall-back': { sinceMs: 1000 * minuteMs } });
});

test('a service that is killed, or restarted, decides the same', async () => {
  const world = await fallBackWorld();
  const failed = world.fail();
  await runUntilKilled(world.database.state, { place: 0, when: 'before' }, (state) => world.look(minuteMs, state));
  expect([world.pins(), world.told]).toEqual([{}, []]);

  world.around.lookingSinceMs = world.clock.nowMs;
  await world.look(minuteMs - 1);
  expect(world.pins()).toEqual({});
  await world.look(1);

  expect(world.pins()['node01']?.fellFrom?.generation).toBe(failed.generation);
  expect(world.told).toEqual(['node01 10.42.0.11']);
});

test('one that is killed behind its decision has promised a reboot, which its next start keeps', async () => {
  const world = await fallBackWorld();
  world.fail();
  await runUntilKilled(world.database.state, { place: 0, when: 'after' }, (state) => world.look(minuteMs, state));
  await world.look(minuteMs);
  expect([Object.keys(world.pins()), world.told]).toEqual([['node01'], []]);
  const asked = (await world.events()).filter((event) => event.startsWith('node.reboot-asked'));
  expect(asked).toHaveLength(1);
});

test.each([
  ['MIXED', { node01: good }, []],
  ['IDLE', { node01: good }, ['node01 10.42.0.11']],
  ['', {}, []],
])('with Slurm that says "%s" of it', async (state, expected, told) => {
  const world = await fallBackWorld();
  world.around.slurm = state;
  world.fail();
  await world.look(minuteMs);
  const found = Object.entries(world.pins()).map(([node, { generation }]) => [node, generation]);
  expect([Object.fromEntries(found), world.told]).toEqual([expected, told]);
});

test('a node that cannot be reached boots it whenever it boots', async () => {
  const world = await fallBackWorld();
  world.world.decision = { kind: 'off', reason: 'node01 does not run' };
  world.fail();
  await world.look(minuteMs);
  expect([Object.keys(world.pins()), world.told, (await held(world)).length]).toEqual([['node01'], [], 1]);
});

test('when too many fail at once none is taken back, and people are told', async () => {
  const world = await fallBackWorld();
  world.fail();
  world.fail('node02');
  await world.look(minuteMs);
  await world.look(20 * minuteMs);
  expect([world.pins(), world.told]).toEqual([{}, []]);
  expect(world.said.at(-1)?.[0]).toEqual([expect.stringMatching(/^node\[01-02\]: units failed on 2 of 2 nodes/)]);

  await world.look(60 * minuteMs);
  expect(world.said.at(-1)).toEqual([[], undefined]);
});

test('the hold ends when the node would boot something else', async () => {
  const world = await fallBackWorld();
  world.fail();
  await world.look(minuteMs);
  world.around.planned.set('node01', 'c'.repeat(64));

  await world.look(minuteMs);

  expect(world.pins()).toEqual({});
  const reason = 'it would boot generation cccccccccccc by now';
  expect((await world.events()).at(-1)).toBe(`node.released node01 ${JSON.stringify({ by: 'fall-back', reason })}`);
  world.around.planned.delete('node01');
  await world.look(minuteMs);
  expect(world.pins()).toEqual({});
});

test('let go by hand it is not taken back for the same failure, and only with --retry', async () => {
  const world = await fallBackWorld();
  world.fail();
  await world.look(minuteMs);
  const newest = { version: 'newest' };
  await expect(chooseVersion('node01', newest, bySocket, world.fleet)).rejects.toThrow(
    'node01 did not come up in it: slurmd.service: killed',
  );
  await chooseVersion('node01', { ...newest, retry: true }, bySocket, world.fleet);
  await world.look(minuteMs);
  expect(world.pins()).toEqual({});

  world.fail();
  await world.look(minuteMs);
  expect(Object.keys(world.pins())).toEqual(['node01']);
});

test('one that comes up in it after all is quarantined no more', async () => {
  const world = await fallBackWorld();
  const { generation } = world.fail();
  await world.look(minuteMs);
  await chooseVersion('node01', { version: 'newest', retry: true }, bySocket, world.fleet);
  world.clock.nowMs += minuteMs;
  world.boots.push(cameUp('node01', generation, world.clock.nowMs));
  await world.look();
  expect(world.database.state.current().quarantine).toEqual({});
});
