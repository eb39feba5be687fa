/** Boards that hang, and a PoE switch that brings them back: a real snmpd, whose ports feed boards that boot. Root. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { buildImage } from '../support/pi-image.ts';
import { openRackPoe, type RackPoe } from '../support/rack-poe.ts';
import { raiseLoginRack, slowRack, type SlurmRack } from '../support/slurm-rack.ts';

let rack: SlurmRack;
let poe: RackPoe;
/** What has to be undone, the last first. */
const undo: (() => Promise<void>)[] = [];

beforeAll(async () => {
  await buildImage();
  rack = await raiseLoginRack('debian-lite');
  undo.unshift(() => rack.down());
  poe = await openRackPoe(rack, ['head', 'node01']);
  undo.unshift(() => poe.close());
  await rack.changeCluster((text) => `${text}switches: { sw1: ${poe.settings} }\n`);
}, slowRack.timeout);

afterAll(async () => {
  for (const step of undo) await step();
});

const stateOf = async (name: string) => (await rack.node(name)).status.state;
const bootOf = async (name: string) => (await rack.node(name)).status.lastBoot?.id;

async function hang(name: string): Promise<void> {
  await rack.freeze(name);
  await expect.poll(() => stateOf(name), { timeout: 3 * 60_000, interval: 1000 }).toBe('silent');
}

test('the ports of the boards are found in the tables of the switch', slowRack, async () => {
  const portsOf = async () => {
    await rack.run('node', 'power', 'discover', '--write');
    const nodes = (await rack.ask('/nodes')) as readonly NodeAnswer[];
    return Object.fromEntries(nodes.map(({ name, power }) => [name, power?.port]));
  };
  await expect.poll(portsOf, { timeout: 2 * 60_000, interval: 1000 }).toEqual({ head: 1, node01: 2 });
  expect(await rack.works('node', 'power', 'status')).toMatch(/^node01 +sw1 +2 +on +delivering/m);
});

test('a board that hangs comes back when its power is cycled', slowRack, async () => {
  const before = await bootOf('node01');
  await hang('node01');

  expect(await rack.works('node', 'power', 'cycle', 'node01')).toBe('node01 (sw1 port 2) is on: delivering\n');

  expect(await poe.orders()).toEqual(['2 off', '2 on']);
  const [off, on] = [(await poe.sets())[0], (await poe.sets()).at(-1)];
  expect((on?.atMs ?? 0) - (off?.atMs ?? 0)).toBeGreaterThanOrEqual(5000);
  await expect.poll(() => bootOf('node01'), { timeout: 2 * 60_000, interval: 1000 }).not.toBe(before);
  await rack.ready('node01');
  expect(await rack.powerOns('node01')).toBe(2);
});

test('a board that hangs when its role is to change is cycled, and has its role', slowRack, async () => {
  await rack.addRole('web', { like: 'login', deadline: '15m' });
  await hang('node01');

  const changed = await rack.run('node', 'role', 'node01', 'web', '--drain', 'wait', '--wait');

  expect([changed.code, changed.stdout]).toEqual([0, expect.stringMatching(/node01: done[^]*operation 1: done/)]);
  expect(await poe.orders()).toEqual(['2 off', '2 on', '2 off', '2 on']);
  expect(await rack.node('node01')).toMatchObject({ role: 'web', status: { state: 'ready' } });
  expect(await rack.powerOns('node01')).toBe(3);
});

test('a role that leaves its board without a sign of life is taken back through the switch', slowRack, async () => {
  await rack.addRole('quits', { like: 'login', command: 'echo o > /proc/sysrq-trigger', deadline: '3m' });

  const tried = await rack.run('node', 'role', 'node01', 'quits', '--drain', 'wait', '--wait');

  expect([tried.code, tried.stderr]).toEqual([
    1,
    expect.stringMatching(/operation 2: failed: node01: not ready within/),
  ]);
  expect((await rack.operation('2')).nodes).toMatchObject([{ node: 'node01', from: 'web', result: 'fell-back' }]);
  expect(await rack.node('node01')).toMatchObject({ role: 'web', status: { state: 'ready' } });
  expect((await poe.orders()).slice(4)).toEqual(['2 off', '2 on']);
});
