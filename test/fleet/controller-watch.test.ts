import { expect, test } from 'vitest';

import { createControllerWatch } from '../../src/fleet/controller-watch.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { ControllerEvidence } from '../../src/plan/controller-proof.ts';

function watched() {
  const world = {
    nowMs: 1_000_000,
    lost: ['head'],
    power: 'unknown' as ControllerEvidence['power'],
    neighbour: 'silent' as ControllerEvidence['neighbour'],
    port: 'silent' as ControllerEvidence['port'],
    daemon: 'unknown' as ControllerEvidence['daemon'],
    fails: false,
    asked: [] as string[],
  };
  const ask = <T>(what: string, answer: T) => {
    world.asked.push(what);
    return world.fails ? Promise.reject(new Error(`no ${what}`)) : Promise.resolve(answer);
  };
  const watch = createControllerWatch({
    lost: () => world.lost.map((node) => ({ node, address: parseIpv4('10.42.0.10') })),
    power: () => ask('power', world.power),
    neighbour: () => ask('neighbour', world.neighbour),
    port: () => ask('port', world.port),
    daemon: ({ node }) => ask(`daemon of ${node}`, world.daemon),
    writtenAtMs: () => Promise.resolve(undefined),
    now: () => world.nowMs,
  });
  const later = async (ms: number) => {
    world.nowMs += ms;
    await watch.look();
  };
  return { world, watch, later, doubt: () => watch.doubts().get('head') };
}

test('it is proved down when nobody has answered for half a minute', async () => {
  const { world, later, doubt } = watched();
  expect(doubt()).toBe('it is looked for just now');
  await later(0);
  expect(doubt()).toBe('nobody answers at 10.42.0.10 for 0 s only');
  for (let looks = 0; looks < 5; looks += 1) await later(5000);
  expect(doubt()).toBe('nobody answers at 10.42.0.10 for 25 s only');
  await later(5000);
  expect(doubt()).toBeUndefined();

  world.neighbour = 'answers';
  await later(5000);
  expect(doubt()).toContain('a machine answers at 10.42.0.10');
  world.neighbour = 'silent';
  await later(5000);
  expect(doubt()).toContain('for 0 s only');
});

test('what cannot be asked speaks for it being there; power that is off is proof', async () => {
  const { world, later, doubt } = watched();
  world.fails = true;
  await later(0);
  await later(60_000);
  expect(doubt()).toContain('a machine answers at 10.42.0.10');
  Object.assign(world, { fails: false, neighbour: 'answers', power: 'off' });
  await later(5000);
  expect(doubt()).toBeUndefined();
});

test('a machine that is there is asked whether slurmctld runs; nobody else is', async () => {
  const { world, later, doubt } = watched();
  await later(0);
  expect(world.asked).toEqual(['power', 'neighbour']);
  Object.assign(world, { neighbour: 'answers', port: 'open', daemon: 'runs', asked: [] });
  await later(5000);
  expect(world.asked).toEqual(['power', 'neighbour', 'port', 'daemon of head']);
  expect(doubt()).toBe('slurmctld answers at 10.42.0.10');
  Object.assign(world, { port: 'refused', daemon: 'stopped' });
  await later(5000);
  expect(doubt()).toBeUndefined();
});

test('behind a router its own word counts, and silence does not', async () => {
  const { world, later, doubt } = watched();
  world.neighbour = 'unseen';
  await later(0);
  await later(40_000);
  expect(doubt()).toContain('a router lies between');
  world.daemon = 'stopped';
  await later(5000);
  expect(doubt()).toBeUndefined();
});

test('one that is back, or runs something else, is forgotten', async () => {
  const { world, watch, later, doubt } = watched();
  await later(0);
  await later(40_000);
  world.lost = [];
  await later(5000);
  expect(watch.doubts().size).toBe(0);
  world.lost = ['head'];
  expect(doubt()).toBe('it is looked for just now');
});

test('it looks until the service ends', async () => {
  const { watch, doubt } = watched();
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  await expect.poll(doubt).toContain('for 0 s only');
  stop.abort();
  await running;
});
