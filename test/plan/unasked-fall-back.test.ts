import { describe, expect, test } from 'vitest';

import type { Generation } from '../../src/model/generation.ts';
import type { Operation, OperationNode } from '../../src/model/operation.ts';
import type { Rollout } from '../../src/model/rollout.ts';
import { emptyState, type State } from '../../src/model/state.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { provedSince, whyQuarantined } from '../../src/plan/quarantine.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';
import { brakeProblem, decideFallBack, endedHolds, type FallBackFacts } from '../../src/plan/unasked-fall-back.ts';
import { unaskedFailures } from '../../src/plan/unasked-failure.ts';
import { cameUp, unitsFailed } from '../support/failed-boots.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const minuteMs = 60_000;
const failedMs = 1000 * minuteMs;
const nowMs = failedMs + minuteMs;
const view = sampleView();
const node = sampleNode('node01', view);
const planned = planGeneration(node, view);
const image = `${planned.image.name}@${planned.image.version}`;
const kept = new Map<string, Generation>(['good', 'older'].map((id) => [id, { ...planned, id }]));

const good = cameUp('node01', 'good', failedMs - 60 * minuteMs);
const bad = unitsFailed('node01', 'bad', failedMs);
const cause = 'slurmd.service: killed';

const pin = { generation: 'good', image, role: 'compute', by: 'ops' };
const fellFrom = { generation: 'bad', cause };

describe('whose matter it is', () => {
  const operation: Operation = {
    id: '1',
    kind: 'role-change',
    by: 'ops',
    role: 'compute',
    drain: 'wait',
    drainDeadlineMs: 1,
    maxUnavailable: 1,
    startedAtMs: 0,
    state: 'running',
  };
  const worked = (endedAtMs?: number): Partial<State> => {
    const step = { step: 'boot' as const, startedAtMs: failedMs - minuteMs, ...(endedAtMs && { endedAtMs }) };
    const entry: OperationNode = { operation: '1', node: 'node01', from: 'compute', steps: [step] };
    const ended = endedAtMs === undefined ? {} : { endedAtMs, state: 'failed' as const };
    return {
      operations: { '1': { ...operation, ...ended } },
      operationNodes: { '1/node01': { ...entry, ...(endedAtMs && { result: 'failed' as const }) } },
    };
  };
  const rolling = { id: '1', target: { kind: 'overlay', role: 'compute' } } as unknown as Rollout;
  const quarantined = (atMs: number) => ({ bad: { node: 'node01', role: 'compute', atMs, cause } });
  const choice = { image: 'debian-lite', version: '20261121.1' };

  test.each<[string, boolean, Partial<State>, number?]>([
    ['nobody has hold of it', true, {}],
    ['its failure was told before failures were judged', false, {}, failedMs + 1],
    ['it is held', false, { generationPins: { node01: pin } }],
    ['it is held in another role', true, { generationPins: { node01: { ...pin, role: 'login' } } }],
    ['it is held by us', false, { generationPins: { node01: { ...pin, by: 'fall-back', fellFrom } } }],
    ['it has a version of its own', false, { imageChoices: { 'node/node01': choice } }],
    ['a rollout gave it one', true, { imageChoices: { 'node/node01': { ...choice, rollout: '1' } } }],
    ['its role has a chosen version', true, { imageChoices: { 'role/compute': choice } }],
    ['it is in an operation', false, worked()],
    ['an operation has seen it fail', false, worked(failedMs + 1)],
    ['an operation had ended before', true, worked(failedMs - 1)],
    ['its role is rolled out', false, { rollouts: { '1': rolling } }],
    ['a rollout has ended', true, { rollouts: { '1': { ...rolling, endedAtMs: 1 } } }],
    ['it was taken back, and let go by hand', false, { quarantine: quarantined(failedMs + 1) }],
    ['it was taken back, and says it in other words', false, { quarantine: quarantined(failedMs - 1) }],
    ['the same had failed before, and was tried again', true, { quarantine: quarantined(failedMs - minuteMs) }],
    ['it was removed', false, { nodes: [] }],
  ])('%s: %s', (_name, expected, changes, sinceMs = 0) => {
    const state = { ...emptyState, nodes: [node], ...changes };
    expect(unaskedFailures([good, bad], state, { nowMs, sinceMs })).toEqual(expected ? [bad] : []);
  });

  test('another boot of it, or an hour, ends it', () => {
    const state = { ...emptyState, nodes: [node] };
    const times = { nowMs, sinceMs: 0 };
    expect(unaskedFailures([bad, cameUp('node01', 'good', nowMs)], state, times)).toEqual([]);
    expect(unaskedFailures([bad], state, { ...times, nowMs: failedMs + 60 * minuteMs })).toEqual([]);
  });
});

const facts: FallBackFacts = {
  node,
  state: 'failed',
  boots: [good, bad],
  allBoots: [good, bad],
  planned: 'bad',
  view,
  generation: (id) => kept.get(id),
  quarantine: {},
  slurm: { kind: 'none' },
  nowMs,
  lookingSinceMs: 0,
};

const slurmNode = (state: string): FallBackFacts['slurm'] => ({
  kind: 'known',
  node: parseSlurmNodes(`NodeName=node01 Arch=aarch64 State=${state}`).get('node01'),
});
const network = { ...view.cluster.network, hold: 'debian-lite' };
const withHold = { view: { ...view, cluster: { ...view.cluster, network } }, boots: [bad] };
const older = cameUp('node01', 'older', failedMs - 90 * minuteMs);
const tainted = { good: { node: 'node01', role: 'compute', atMs: 1, cause } };
const others = [unitsFailed('node02', 'bad2', failedMs), cameUp('head', 'h', failedMs)];

const words = (known: FallBackFacts): string => {
  const found = decideFallBack(bad, known);
  if (found.kind !== 'hold') return found.kind;
  return `${found.pin.generation}${found.reboots ? '' : ', at its next boot'}`;
};

test.each<[string, string, Partial<FallBackFacts>]>([
  ['it came up in another one before', 'good', {}],
  ['its heartbeats have stopped since', 'good', { state: 'silent' }],
  ['it became ready after all', 'none', { state: 'ready' }],
  ['it waits for something by now', 'none', { state: 'waiting' }],
  ['it has just failed', 'wait', { nowMs: failedMs + minuteMs - 1 }],
  ['the service has just started', 'wait', { lookingSinceMs: nowMs - minuteMs + 1 }],
  ['it would boot something else by now', 'none', { planned: 'new' }],
  ['what it would boot is refused', 'none', { planned: undefined }],
  ['it had come up in the same before', 'none', { boots: [good, cameUp('node01', 'bad', failedMs - 1), bad] }],
  ['it never came up', 'none', { boots: [bad] }],
  ['it never came up, and there is a hold boot', 'hold', withHold],
  ['its last good one is not kept', 'hold', { ...withHold, boots: [cameUp('node01', 'lost', 1), bad] }],
  ['its last good one is quarantined', 'older', { boots: [older, good, bad], quarantine: tainted }],
  ['another of three failed too', 'braked', { allBoots: [good, bad, ...others] }],
  ['jobs run on it', 'good, at its next boot', { slurm: slurmNode('MIXED') }],
  ['no jobs run on it', 'good', { slurm: slurmNode('IDLE') }],
  ['Slurm does not answer', 'wait', { slurm: { kind: 'unknown', reason: 'no route to host' } }],
])('where %s: %s', (_name, expected, changes) => {
  expect(words({ ...facts, ...changes })).toBe(expected);
});

test('the hold says whose it is, and why', () => {
  expect(decideFallBack(bad, facts)).toEqual({
    kind: 'hold',
    reboots: true,
    pin: { generation: 'good', image, role: 'compute', by: 'fall-back', fellFrom },
  });
});

test('a brake says who is not taken back, and what to do', () => {
  const crowd = { booted: ['node01', 'node02', 'head'], failed: ['node01', 'node02'] };
  expect(brakeProblem(['node01', 'node02'], crowd)).toBe(
    'node[01-02]: units failed on 2 of 3 nodes that booted about the same time, too many to be taken back by itself; ' +
      'correct what they boot, or go back by hand: "pi-image rollback node[01-02] --last-good"',
  );
});

const ours = { ...pin, by: 'fall-back', fellFrom };
const held = { ...emptyState, nodes: [node], generationPins: { node01: ours } };
const rolled = { id: '1', target: { kind: 'overlay', role: 'compute' } } as unknown as Rollout;

test.each<[string, boolean, Partial<State>, string | undefined]>([
  ['would boot what failed', false, {}, 'bad'],
  ['would boot something else', true, {}, 'new'],
  ['would boot what it is held at', true, {}, 'good'],
  [
    'would boot what failed before that',
    false,
    { quarantine: { new: { node: 'node01', role: 'compute', atMs: 1, cause } } },
    'new',
  ],
  ['cannot be planned', false, {}, undefined],
  ['is held by somebody', false, { generationPins: { node01: pin } }, 'new'],
  ['is rolled out', false, { rollouts: { '1': rolled } }, 'new'],
])('a node that %s is let go: %s', (_name, expected, changes, would) => {
  const ended = endedHolds({ ...held, ...changes }, () => would);
  expect(ended).toEqual(expected ? [{ node: 'node01', planned: would }] : []);
});

test('a generation in which its node came up since is no longer quarantined', () => {
  const quarantine = { bad: { node: 'node01', role: 'compute', atMs: failedMs + 1, cause } };
  const again = cameUp('node01', 'bad', failedMs + 5 * minuteMs);
  expect(provedSince({ quarantine }, () => [bad])).toEqual([]);
  expect(provedSince({ quarantine }, () => [cameUp('node01', 'bad', failedMs - minuteMs), bad])).toEqual([]);
  expect(provedSince({ quarantine }, () => [bad, again])).toEqual(['bad']);
});

test.each([
  [undefined, 'node01 did not come up in it: slurmd.service: killed'],
  ['12', 'node01 did not come up in it in operation 12: slurmd.service: killed'],
])('quarantined by %s', (operation, expected) => {
  const entry = { node: 'node01', role: 'compute', atMs: 1, cause, ...(operation !== undefined && { operation }) };
  expect(whyQuarantined('node01', entry)).toBe(expected);
});
