import { expect, test } from 'vitest';

import { rollBack, type PinFleet } from '../../src/fleet/generation-pins.ts';
import { chooseVersion } from '../../src/fleet/image-choice.ts';
import { changeRole } from '../../src/fleet/role-change.ts';
import type { Boot } from '../../src/model/boot.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { bySocket, dryRun, sampleFleet } from '../support/sample-fleet.ts';

/** node01 ran something else before what it would boot now; node02 is new. */
async function withBoots() {
  const sample = await sampleFleet();
  const { fleet } = sample;
  const factsOf: PinFleet['factsOf'] = (node) => {
    const desired = planGeneration(node, fleet.viewOf(sample.database.state.current()));
    const before = { ...desired, id: 'a'.repeat(64) };
    const boots = node.name === 'node01' ? [bootOf(before.id)] : [];
    return { boots, generations: new Map([[before.id, before]]), desired: desired.id };
  };
  return { ...sample, pins: { ...fleet, factsOf } };
}

const bootOf = (generation: string): Boot => ({
  id: 'b1',
  node: 'node01',
  mac: 'm',
  address: '10.42.0.11',
  generation,
  startedAtMs: 1000,
  tokenExpiresAtMs: 0,
  lastSeenMs: 0,
  files: 0,
  bytes: 0,
  phases: [{ phase: 'ready', atMs: 2000 }],
});

const lastGood = { kind: 'last-good' } as const;
const both = { nodes: ['node01', 'node02'], to: lastGood };

test('nodes are held at what they ran, with an event each; who has nothing is told', async () => {
  const { pins, database, events } = await withBoots();

  const { answer } = await rollBack(both, bySocket, pins);

  const generation = 'a'.repeat(64);
  expect(answer).toEqual({
    dryRun: false,
    nodes: [{ node: 'node01', generation, image: 'debian-lite@20261121.1', isChanged: true }],
    leftOut: [{ node: 'node02', reason: 'no other one that came up is kept' }],
  });
  expect(database.state.current().generationPins).toEqual({
    node01: { generation, image: 'debian-lite@20261121.1', role: 'compute', by: 'socket' },
  });
  expect(await events()).toEqual([expect.stringMatching(/^node\.held node01 .*"by":"socket"/)]);
});

test('a dry run holds nobody; none that can is a refusal', async () => {
  const { pins, database } = await withBoots();
  expect((await rollBack(both, dryRun, pins)).answer).toMatchObject({ dryRun: true, nodes: [{ node: 'node01' }] });
  expect(database.state.current().generationPins).toEqual({});
  await expect(rollBack({ nodes: ['node02'], to: lastGood }, bySocket, pins)).rejects.toThrow('node02: no other one');
  await expect(rollBack({ nodes: ['node09'], to: lastGood }, bySocket, pins)).rejects.toThrow(
    'there is no node node09',
  );
});

test('the newest version, or another role, ends it', async () => {
  const { pins, fleet, database, events } = await withBoots();
  await rollBack(both, bySocket, pins);
  expect((await chooseVersion('node01', { version: 'newest' }, bySocket, fleet)).answer.isChanged).toBe(true);
  expect(database.state.current().generationPins).toEqual({});
  expect((await events()).at(-1)).toMatch(/^node\.released node01 /);

  await rollBack(both, bySocket, pins);
  await changeRole('node01', { role: 'login', reboot: false }, bySocket, fleet);
  expect(database.state.current().generationPins).toEqual({});
});
