import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { nextIndex } from '../../src/dashboard/keys.ts';

test.each([
  ['ArrowRight', 0, 1],
  ['ArrowLeft', 1, 0],
  ['ArrowDown', 1, 5],
  ['ArrowUp', 5, 1],
  ['Home', 7, 0],
  ['End', 2, 9],
  // At an edge it stays.
  ['ArrowLeft', 0, 0],
  ['ArrowUp', 2, 2],
  ['ArrowDown', 8, 8],
  ['ArrowRight', 9, 9],
  ['a', 3, undefined],
])('%s from %i of ten in rows of four goes to %s', (key, from, to) => {
  expect(nextIndex(key, from, 10, 4)).toBe(to);
});

test('it never leaves the rack', () => {
  const keys = fc.constantFrom('ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'Home', 'End');
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 50 }), fc.nat(49), fc.nat(60), (key, count, from, columns) => {
      const to = nextIndex(key, from % count, count, columns);
      expect(to).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThan(count);
    }),
  );
});
