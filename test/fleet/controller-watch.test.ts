import { expect, test } from 'vitest';

import { createControllerWatch } from '../../src/fleet/controller-watch.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { ControllerEvidence } from '../../src/plan/controller-proof.ts';

function watched() {
  const world = {
    nowMs: 1_000_000,
    lost: ['head'],
    power: 'unknown' as ControllerEvidence['power'],
    answers: false,
    fails: false,
  };
  const watch = createControllerWatch({
    lost: () => world.lost.map((node) => ({ node, address: parseIpv4('10.42.0.10') })),
    power: () => (world.fails ? Promise.reject(new Error('no switch')) : Promise.resolve(world.power)),
    answers: () => (world.fails ? Promise.reject(new Error('no socket')) : Promise.resolve(world.answers)),
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

  world.answers = true;
  await later(5000);
  expect(doubt()).toBe('a machine answers at 10.42.0.10');
  world.answers = false;
  await later(5000);
  expect(doubt()).toContain('for 0 s only');
});

test('what cannot be asked speaks for it being there; power that is off is proof', async () => {
  const { world, later, doubt } = watched();
  world.fails = true;
  await later(0);
  await later(60_000);
  expect(doubt()).toBe('a machine answers at 10.42.0.10');
  Object.assign(world, { fails: false, answers: true, power: 'off' });
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
