import { expect, test } from 'vitest';

import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';

const drift = (checkedAtSeconds: number) => ({ checkedAtSeconds, overlayDigest: undefined, count: 0, files: [] });

test('a node is asked once, with the answer that it waits for, and heard when it has looked', async () => {
  const checks = createOverlayChecks();
  const held = checks.asked('node01');
  const other = checks.asked('node02');
  expect(checks.takeAsked('node01')).toBe(false);

  const answer = checks.ask('node01', 5000);
  expect([held.aborted, other.aborted]).toEqual([true, false]);
  expect(checks.takeAsked('node01')).toBe(true);
  expect(checks.takeAsked('node01')).toBe(false);
  // What it found before, it tells again.
  checks.heard('node01', drift(50), 100);
  checks.heard('node01', undefined, 100);
  checks.heard('node02', drift(100), 100);
  checks.heard('node01', drift(99), 100);

  expect(await answer).toBe(true);
});

test('an answer that is made up right now asks too', async () => {
  const checks = createOverlayChecks();
  const answer = checks.ask('node01', 30);

  expect(checks.asked('node01').aborted).toBe(true);
  // It was not asked yet.
  checks.heard('node01', drift(99), 100);
  expect(await answer).toBe(false);
  expect(checks.takeAsked('node01')).toBe(false);
});
