import { expect, test } from 'vitest';

import { nextVersion } from '../../src/plan/next-version.ts';

test.each<[string, string[], string]>([
  ['nothing', [], '20261121.1'],
  ['earlier days', ['20261120.7', '20261119.9'], '20261121.1'],
  ['today', ['20261121.9', '20261121.10', '20261120.30'], '20261121.11'],
  ['names of another form', ['20261121.x', '.tmp-1', '20991231', 'kept 20991231.4'], '20261121.1'],
  ['a day to come, as the clock is slow', ['20261122.9', '20261121.12', '20261122.10'], '20261122.11'],
])('after %s', (_what, taken, expected) => {
  expect(nextVersion(taken, new Date('2026-11-21T23:59:59Z'))).toBe(expected);
});
