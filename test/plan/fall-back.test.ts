import { expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { Generation } from '../../src/model/generation.ts';
import { holdOfFallBack, lastGoodOf } from '../../src/plan/fall-back.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const view = sampleView();
const node = sampleNode('node01', view);
const now = planGeneration(node, view);
const image = `${now.image.name}@${now.image.version}`;
const kept = new Map<string, Generation>([
  ['good', { ...now, id: 'good' }],
  ['newer', { ...now, id: 'newer' }],
  ['login', { ...now, id: 'login', role: 'login' }],
  ['gone', { ...now, id: 'gone', image: { name: now.image.name, version: '20260101.1' } }],
]);

const boot = (generation: string, phase: Boot['phases'][number]['phase'] = 'ready'): Boot => ({
  id: generation,
  node: 'node01',
  mac: 'm',
  address: '10.42.0.11',
  generation,
  startedAtMs: 1,
  tokenExpiresAtMs: 0,
  lastSeenMs: 0,
  files: 0,
  bytes: 0,
  phases: [{ phase, atMs: 1 }],
});

const good = { generation: 'good', image };

test.each([
  ['never came up', [boot('good', 'kernel')], undefined, undefined],
  ['came up', [boot('good')], undefined, 'good'],
  ['came up twice', [boot('good'), boot('newer')], undefined, 'newer'],
  ['failed in another one since', [boot('good'), boot('newer', 'kernel')], undefined, 'good'],
  ['came up in another role since', [boot('good'), boot('login')], undefined, 'good'],
  ['came up with an image that is gone', [boot('good'), boot('gone')], undefined, 'good'],
  ['came up with what is not kept', [boot('good'), boot('lost')], undefined, 'good'],
  ['has it in the journal', [boot('newer')], good, 'good'],
  ['has one in the journal that is gone', [boot('newer')], { generation: 'gone', image }, undefined],
])('one that %s', (_name, boots, written, expected) => {
  const found = lastGoodOf(node, written, { view, boots, generation: (id) => kept.get(id) });
  expect(found?.generation).toBe(expected);
});

const pinBefore = { generation: 'pinned', image, role: 'compute', by: 'ops' };

test.each([
  ['nothing is known', {}, { planned: 'new', lastGood: undefined }, undefined],
  ['nothing is known, and there is a hold boot', {}, { planned: 'new', lastGood: undefined, holdImage: image }, 'hold'],
  ['it would boot the same', {}, { planned: 'good', lastGood: good }, undefined],
  ['it would boot another one', {}, { planned: 'new', lastGood: good }, 'good'],
  ['its old role cannot be planned', {}, { planned: undefined, lastGood: good }, 'good'],
  ['somebody held it', { pinBefore }, { planned: 'good', lastGood: good }, 'pinned'],
])('held where %s: %4$s', (_name, journal, facts, expected) => {
  const hold = holdOfFallBack({ from: 'compute', operation: '12', ...journal }, { holdImage: undefined, ...facts });
  expect(hold?.generation).toBe(expected);
  if (expected === 'good') expect(hold).toEqual({ ...good, role: 'compute', by: 'operation 12' });
});
