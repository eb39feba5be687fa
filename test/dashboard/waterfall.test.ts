import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { layOut, ticksOf } from '../../src/dashboard/waterfall.ts';
import { t0, timelines } from '../support/sample-timelines.ts';

const nowMs = t0 + 40_000;
const all = Object.entries(timelines);

test('a boot that is ready', () => {
  const { bars, outcome, cause } = layOut(timelines.ready, nowMs);

  expect(outcome).toBe('ready after 33.3 s');
  expect(cause).toBeUndefined();
  expect(bars.map(({ phase, took, kind }) => `${phase} ${took} ${kind}`)).toMatchInlineSnapshot(`
    [
      "offered 0.4 s done",
      "loading 12.3 s done",
      "kernel 3.1 s done",
      "network  done",
      "root 0.5 s done",
      "overlay 0.8 s done",
      "userspace 7.4 s done",
      "ready 8.8 s done",
    ]
  `);
  expect(bars.find(({ phase }) => phase === 'loading')).toMatchObject({ at: '0.4 s', note: '31 MB in 9 files' });
});

test('one that is under way grows up to now', () => {
  const { bars, outcome } = layOut(timelines['under-way'], nowMs);

  expect(outcome).toBe('under way for 40.0 s');
  expect(bars.at(-1)).toMatchObject({ phase: 'overlay', at: '', kind: 'open' });
  expect(bars.filter(({ kind }) => kind === 'open')).toHaveLength(1);
});

test('one that failed says why, and at what', () => {
  const { bars, cause, hint } = layOut(timelines['late-overlay'], nowMs);

  expect(bars.at(-1)).toMatchObject({ phase: 'overlay', kind: 'failed' });
  expect(cause).toContain('port 80 is taken');
  expect(hint).toContain('pi-image status');
});

test.each(all)('%s: every bar lies within the picture, and they fill it', (_name, boot) => {
  const { bars } = layOut(boot, nowMs);

  for (const { leftPercent, widthPercent } of bars) {
    expect(leftPercent).toBeGreaterThanOrEqual(0);
    expect(widthPercent).toBeGreaterThanOrEqual(0);
    expect(leftPercent + widthPercent).toBeLessThanOrEqual(100.000_001);
  }
  expect(Math.max(...bars.map(({ leftPercent, widthPercent }) => leftPercent + widthPercent))).toBeCloseTo(100);
});

test('ticks are few, and on the picture', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400_000_000 }), (totalMs) => {
      const ticks = ticksOf(totalMs);
      expect(ticks.length).toBeLessThanOrEqual(7);
      expect(ticks.every(({ percent }) => percent >= 0 && percent <= 94)).toBe(true);
    }),
  );
  expect(ticksOf(33_300).map(({ text }) => text)).toEqual(['0 s', '10 s', '20 s', '30 s']);
  expect(ticksOf(150_000).map(({ text }) => text)).toEqual(['0 s', '30 s', '1 min', '1.5 min', '2 min']);
});
