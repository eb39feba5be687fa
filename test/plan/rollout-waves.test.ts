import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { completeWaves, planWaves } from '../../src/plan/rollout-waves.ts';

const nodes = (count: number) => Array.from({ length: count }, (_, index) => `node${index + 1}`);

test.each([
  ['one node is the canary', 1, 1, [25], [1]],
  ['a quarter of the others, then the rest', 9, 1, [25], [1, 2, 6]],
  ['two canaries', 10, 2, [50, 100], [2, 4, 4]],
  ['a wave that would have nobody is none', 3, 1, [1, 2, 3], [1, 1, 1]],
  ['more canaries than nodes', 3, 5, [50], [3]],
  ['no nodes', 0, 1, [50], []],
])('%s', (_name, count, canary, percentages, sizes) => {
  expect(planWaves(nodes(count), canary, percentages).map((wave) => wave.length)).toEqual(sizes);
});

test('percentages are put in order, each once, and the last has all', () => {
  expect(completeWaves([50, 10, 50])).toEqual([10, 50, 100]);
  expect(completeWaves([])).toEqual([100]);
});

test('every node is in one wave, in the order in which they came', () => {
  const percentages = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 5 });
  fc.assert(
    fc.property(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 20 }), percentages, (count, canary, waves) => {
      const planned = planWaves(nodes(count), canary, waves);
      expect(planned.flat()).toEqual(nodes(count));
      expect(planned.every((wave) => wave.length > 0)).toBe(true);
      expect(planned[0]?.length ?? 0).toBe(Math.min(canary, count));
    }),
  );
});
