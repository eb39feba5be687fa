import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { emptyState } from '../../src/model/state.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { heldGenerations } from '../../src/plan/held-generations.ts';
import { planRollback, type RollbackFacts, type RollbackTo } from '../../src/plan/rollback.ts';
import { sampleRollout } from '../support/sample-rollout.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const view = sampleView();
const node = sampleNode('node01', view);
const now = planGeneration(node, view);
const hex = (digit: string) => digit.repeat(64);
const generation = (digit: string, changes: Partial<Generation> = {}): Generation => ({
  ...now,
  id: hex(digit),
  ...changes,
});

const older = { image: { name: 'debian-lite', version: '20261120.1' } };
const kept = [generation('a', older), generation('b'), generation('c', { role: 'login' }), now];

function boot(of: string, startedAtMs: number, phase: Boot['phases'][number]['phase'] = 'ready'): Boot {
  return {
    id: `b${startedAtMs}`,
    node: 'node01',
    mac: 'm',
    address: '10.42.0.11',
    generation: of,
    startedAtMs,
    tokenExpiresAtMs: 0,
    lastSeenMs: 0,
    files: 0,
    bytes: 0,
    phases: [{ phase, atMs: startedAtMs }],
  };
}

const facts = (changes: Partial<RollbackFacts> = {}): RollbackFacts => ({
  view,
  boots: [boot(hex('a'), 1000), boot(hex('b'), 2000, 'failed'), boot(now.id, 3000)],
  generations: new Map(kept.map((each) => [each.id, each])),
  desired: now.id,
  ...changes,
});

test.each<[string, RollbackTo, Partial<RollbackFacts>, object]>([
  ['the last good one is not one that failed', { kind: 'last-good' }, {}, { kind: 'hold', generation: kept[0] }],
  ['what it ran then', { kind: 'at', atMs: 2500 }, {}, { kind: 'hold', generation: kept[0] }],
  ['what it runs now', { kind: 'at', atMs: 9000 }, {}, { kind: 'same', generation: now }],
  ['by the beginning of its id', { kind: 'generation', id: 'bbbbbb' }, {}, { kind: 'hold', generation: kept[1] }],
  ['none of that id', { kind: 'generation', id: 'dddddd' }, {}, { kind: 'refused' }],
  ['before it was there', { kind: 'at', atMs: 500 }, {}, { kind: 'refused', reason: 'what it ran then is not kept' }],
  ['it never booted', { kind: 'last-good' }, { boots: [] }, { kind: 'refused' }],
  [
    'of another role',
    { kind: 'generation', id: 'cccccc' },
    { boots: [boot(hex('c'), 1000)] },
    { kind: 'refused', reason: 'it was login then, and is compute now' },
  ],
  [
    'of a version that is gone',
    { kind: 'last-good' },
    { view: { ...view, images: new Map([['debian-lite', []]]) } },
    { kind: 'refused', reason: 'debian-lite@20261120.1 is gone' },
  ],
  [
    'of a root that is gone',
    { kind: 'generation', id: 'aaaaaa' },
    { generations: new Map([[hex('a'), generation('a', { rootMode: 'squash' })]]) },
    { kind: 'refused', reason: 'its root of debian-lite@20261121.1 is gone' },
  ],
])('%s', (_name, to, changes, wanted) => {
  expect(planRollback(node, to, facts(changes))).toMatchObject(wanted);
});

test('an id that begins several is refused', () => {
  const [one, other] = [generation('a'), { ...generation('a'), id: `${hex('a').slice(1)}b` }];
  const both = {
    boots: [boot(one.id, 1), boot(other.id, 2)],
    generations: new Map([one, other].map((each) => [each.id, each])),
  };
  expect(planRollback(node, { kind: 'generation', id: 'aaaaaa' }, facts(both))).toMatchObject({ kind: 'refused' });
});

test('what nodes are held at stays, and what an open rollout may bring back', () => {
  const rollout = sampleRollout({
    target: { kind: 'overlay', role: 'compute' },
    nodes: [{ node: 'node01', wave: 0, before: { generation: 'g1', image: 'i@1' } }],
  });
  const generationPins = { node02: { generation: 'g2', image: 'i@1', role: 'compute', by: 'ops' } };
  expect(heldGenerations({ ...emptyState, generationPins, rollouts: { '3': rollout } })).toEqual(['g2', 'g1']);
  expect(heldGenerations({ ...emptyState, rollouts: { '3': { ...rollout, endedAtMs: 1 } } })).toEqual([]);
});
