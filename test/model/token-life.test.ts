/** How long a token counts, as people write it. */
import { expect, test } from 'vitest';

import { defaultLife, endOfLife, renderMoment, TokenLife } from '../../src/model/token-life.ts';

test.each([
  ['30d', 30 * 86_400_000],
  ['12h', 12 * 3_600_000],
  ['45m', 45 * 60_000],
  ['never', undefined],
  [defaultLife, 90 * 86_400_000],
])('%s ends after %s ms', (life, ms) => {
  expect(TokenLife.safeParse(life).success).toBe(true);
  expect(endOfLife(life, 1000)).toBe(ms === undefined ? undefined : 1000 + ms);
});

test.each(['', '0d', '30', '30s', '-1d', '1.5h', 'Never', '30d ', '100000d', 'd'])('"%s" is none', (life) => {
  expect(TokenLife.safeParse(life).success).toBe(false);
});

test('the longest one ends within what a date can say', () => {
  expect(renderMoment(endOfLife('99999d', Date.parse('2026-11-22T02:00:30Z')) ?? 0)).toBe('2300-09-06 02:00 UTC');
});
