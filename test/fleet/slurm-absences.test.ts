import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import { runAbsences, type AbsencesDeps } from '../../src/fleet/slurm-absences.ts';
import { HostError } from '../../src/model/errors.ts';
import type { Event } from '../../src/model/event.ts';
import type { AbsenceFacts } from '../../src/plan/slurm-absence.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';

const running: AbsenceFacts = {
  isCompute: true,
  lastBootMs: 0,
  isHeard: true,
  isReady: true,
  isInOperation: false,
  isHeld: false,
};
const off: AbsenceFacts = { ...running, isHeard: false, isReady: false };

interface Known {
  readonly facts: Map<string, AbsenceFacts>;
  /** What Slurm says of each. */
  readonly slurm: Map<string, string>;
}

/** node01 to node03 run jobs; time passes as the test says. */
async function absences(past: readonly Event[] = [], before?: (known: Known) => void) {
  const names = ['node01', 'node02', 'node03'];
  const world = { nowMs: 10_000, isControllerDown: false, isThere: true, asked: 0 };
  const facts = new Map(names.map((name) => [name, running]));
  const slurm = new Map(names.map((name) => [name, 'IDLE']));
  const told: string[] = [];
  const warned: string[] = [];
  const listeners = new Set<(event: Event) => void>();
  const order = (word: string, nodes: readonly string[], state: string) => {
    told.push(`${word} ${nodes.join()}`);
    for (const node of nodes) slurm.set(node, state);
    return Promise.resolve();
  };
  const deps: AbsencesDeps = {
    events: {
      ofKinds: () => Promise.resolve(past),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    factsOf: (wanted) => new Map([...facts].filter(([name]) => wanted.has(name))),
    slurm: {
      isThere: () => world.isThere,
      nodes: () => {
        world.asked += 1;
        if (world.isControllerDown) return Promise.reject(new HostError('ssh to the controller failed'));
        const lines = [...slurm].map(([name, state]) => `NodeName=${name} Arch=aarch64 State=${state}`);
        return Promise.resolve(parseSlurmNodes(lines.join('\n')));
      },
      setDown: (nodes) => order('down', nodes, 'DOWN Reason=pi-image: off [root@now]'),
      takeBack: (nodes) => order('resume', nodes, 'IDLE'),
    },
    now: () => world.nowMs,
    log: { info: () => undefined, warn: (what, fields) => void warned.push(`${what} ${String(fields?.['nodes'])}`) },
  };
  before?.({ facts, slurm });
  let ready = false;
  const stop = new AbortController();
  const part = runAbsences(deps, stop.signal, () => void (ready = true), 1);
  onTestFinished(async () => {
    stop.abort();
    await part;
    expect(listeners.size).toBe(0);
  });
  await expect.poll(() => ready).toBe(true);
  let id = 100;
  return {
    world,
    facts,
    slurm,
    told,
    warned,
    tell: (kind: string, ...nodes: readonly string[]) => {
      for (const node of nodes) {
        id += 1;
        for (const listener of listeners) listener({ id, atMs: world.nowMs, kind, node, fields: {} });
      }
    },
    /** Some looks later. */
    later: async (ms: number) => {
      world.nowMs += ms;
      await sleep(50);
    },
  };
}

test('nodes that leave are set down by one order, and taken back by one when they are ready', async () => {
  const { facts, told, tell, world, later } = await absences();
  for (const node of ['node01', 'node02']) facts.set(node, off);
  tell('node.power-off', 'node01', 'node02');
  await expect.poll(() => told).toEqual(['down node01,node02']);
  await later(2000);
  const { asked } = world;
  await later(600_000);
  expect([told.length, world.asked]).toEqual([1, asked]);

  for (const node of ['node01', 'node02']) facts.set(node, { ...running, isReady: false, lastBootMs: world.nowMs });
  await later(2000);
  expect([told.length, world.asked]).toEqual([1, asked]);
  for (const node of ['node01', 'node02']) facts.set(node, { ...running, lastBootMs: world.nowMs });
  await expect.poll(() => told.slice(1)).toEqual(['resume node01,node02']);
  await later(2000);
  const { asked: after } = world;
  await later(600_000);
  expect([told.length, world.asked]).toEqual([2, after]);
});

test('a controller that does not answer is asked again, less and less often, and complained of once', async () => {
  const { facts, told, tell, warned, world, later } = await absences();
  world.isControllerDown = true;
  facts.set('node01', off);
  tell('node.power-off', 'node01');
  await expect.poll(() => world.asked).toBe(1);
  for (const [ms, asked] of [
    [1000, 1],
    [1000, 2],
    [3000, 2],
    [1000, 3],
    [8000, 4],
  ] as const) {
    await later(ms);
    expect(world.asked).toBe(asked);
  }
  world.isControllerDown = false;
  await later(60_000);
  await expect.poll(() => told).toEqual(['down node01']);
  expect(warned).toEqual(['slurm.untold node01']);
});

test('one that takes the order to shut down is set down once more where its slurmd has spoken again', async () => {
  const { facts, slurm, told, tell, later } = await absences();
  tell('node.shutting-down', 'node01');
  await expect.poll(() => told).toEqual(['down node01']);
  slurm.set('node01', 'IDLE');
  await later(2000);
  await expect.poll(() => told).toEqual(['down node01', 'down node01']);
  await later(4000);
  facts.set('node01', off);
  await later(60_000);
  expect(told).toHaveLength(2);
});

test("an administrator's word is left, also when the node is back", async () => {
  const { facts, slurm, told, tell, later, world } = await absences();
  slurm.set('node01', 'DOWN Reason=bad fan [ada@now]');
  facts.set('node01', off);
  tell('node.power-off', 'node01');
  await expect.poll(() => world.asked).toBe(1);
  facts.set('node01', { ...running, lastBootMs: world.nowMs + 1 });
  await expect.poll(() => world.asked).toBe(2);
  await later(60_000);
  expect([told, world.asked]).toEqual([[], 2]);
});

test('a service that has started anew reads off the events who is away, and who came back meanwhile', async () => {
  const event = (id: number, kind: string, node: string): Event => ({ id, atMs: id, kind, node, fields: {} });
  const past = [event(3, 'node.power-off', 'node02'), event(2, 'node.power-off', 'node01')];
  const { told, world, later } = await absences([...past, event(1, 'node.removed', 'node09')], ({ facts, slurm }) => {
    facts.set('node01', off);
    facts.set('node02', { ...running, lastBootMs: 4 });
    slurm.set('node02', 'DOWN Reason=pi-image: off [root@now]');
  });
  await expect.poll(() => told).toEqual(['down node01', 'resume node02']);
  await later(2000);
  const { asked } = world;
  await later(600_000);
  expect([told.length, world.asked]).toEqual([2, asked]);
});

test('one that was removed is set down as long as Slurm has it, and forgotten', async () => {
  const { facts, slurm, told, tell, later, world } = await absences();
  facts.delete('node03');
  tell('node.removed', 'node03');
  await expect.poll(() => told).toEqual(['down node03']);
  slurm.delete('node03');
  await later(2000);
  expect(world.asked).toBe(2);
  await later(600_000);
  expect([told.length, world.asked]).toEqual([1, 2]);
});

test('a cluster without Slurm is asked nothing', async () => {
  const { facts, tell, later, world } = await absences();
  world.isThere = false;
  facts.set('node01', off);
  tell('node.power-off', 'node01');
  await later(60_000);
  expect(world.asked).toBe(0);
});
