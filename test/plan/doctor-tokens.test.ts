/** Tokens that are about to end are told a week before, and a week afterwards. */
import { expect, test } from 'vitest';

import { diagnoseTokens } from '../../src/plan/doctor-tokens.ts';

const nowMs = Date.parse('2026-11-22T02:00:00Z');
const dayMs = 86_400_000;
const token = (expiresInDays: number | undefined, lifeDays = 90) => {
  const expiry = expiresInDays === undefined ? {} : { expiresAtMs: nowMs + expiresInDays * dayMs };
  const createdAtMs = nowMs + ((expiresInDays ?? 0) - lifeDays) * dayMs;
  return { name: 'ci', scope: 'operate' as const, createdAtMs, ...expiry };
};

test.each([
  ['without an end', token(undefined), undefined],
  ['that ends in 8 days', token(8), undefined],
  ['that ends in 3 days', token(3), 'the token ci expires on 2026-11-25 02:00 UTC'],
  ['of a day that ends in hours', token(0.2, 1), undefined],
  ['that has ended now', token(0), 'the token ci has expired on 2026-11-22 02:00 UTC'],
  ['of a day that has ended', token(-0.5, 1), 'the token ci has expired on 2026-11-21 14:00 UTC'],
  ['that has ended 8 days ago', token(-8), undefined],
])('one %s', (_name, each, cause) => {
  expect(diagnoseTokens([each], nowMs).map((finding) => finding.cause)).toEqual(cause === undefined ? [] : [cause]);
});

test('the hint makes another one of the same scope, under its name when that is free', () => {
  const [soon] = diagnoseTokens([token(3)], nowMs);
  const [over] = diagnoseTokens([token(-1)], nowMs);

  expect(soon).toMatchObject({ severity: 'note', rule: 'token-expires' });
  expect(soon?.hint).toContain('"pi-image token create OTHER-NAME --scope operate"');
  expect(over?.hint).toContain('"pi-image token create ci --scope operate"');
});
