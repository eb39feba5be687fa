/** When is a boot late? A clock that a test turns, no service. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { bootPhases, type BootPhase } from '../../src/model/boot-phase.ts';
import { findLateness, resumeBoot } from '../../src/plan/boot-deadlines.ts';

const t0 = 1_800_000_000_000;
const minute = 60_000;

/** A boot whose phases come a second after each other. */
function bootAt(phase: BootPhase | undefined, more: Partial<Boot> = {}): Boot {
  const reached = phase === undefined ? [] : bootPhases.slice(0, bootPhases.indexOf(phase) + 1);
  const phases = reached.map((each, index) => ({ phase: each, atMs: t0 + index * 1000 }));
  return {
    id: 'b',
    node: 'node01',
    mac: 'dc:a6:32:00:00:01',
    address: '10.42.0.11',
    generation: 'g',
    startedAtMs: t0,
    tokenExpiresAtMs: t0 + 10 * minute,
    lastSeenMs: phases.at(-1)?.atMs ?? t0,
    files: 0,
    bytes: 0,
    phases,
    ...more,
  };
}

/** Seconds after its begin at which it is first late, and for what. */
function firstLate(boot: Boot, deadlineMs: number): string {
  for (let seconds = 0; seconds < 3600; seconds += 1) {
    const lateness = findLateness(boot, deadlineMs, t0 + seconds * 1000);
    if (lateness === undefined) continue;
    return `${seconds} s: ${lateness.exceeded} of ${lateness.limitMs / 1000} s at ${lateness.phase ?? 'nothing'}`;
  }
  return 'never';
}

describe('with the usual deadline a board is late', () => {
  test.each<[BootPhase | undefined, string]>([
    [undefined, '90 s: phase of 90 s at nothing'],
    ['offered', '90 s: phase of 90 s at offered'],
    ['loading', '181 s: phase of 180 s at loading'],
    ['kernel', '242 s: phase of 240 s at kernel'],
    ['network', '243 s: phase of 240 s at network'],
    ['root', '264 s: phase of 260 s at root'],
    ['overlay', '185 s: phase of 180 s at overlay'],
    ['userspace', '300 s: deadline of 300 s at userspace'],
    ['waiting', 'never'],
  ])('at %s after %s', (phase, expected) => {
    expect(firstLate(bootAt(phase), 5 * minute)).toBe(expected);
  });
});

test('a longer deadline gives every phase more time, a shorter one comes first', () => {
  expect(firstLate(bootAt('offered'), 15 * minute)).toBe('270 s: phase of 270 s at offered');
  expect(firstLate(bootAt('userspace'), 15 * minute)).toBe('900 s: deadline of 900 s at userspace');
  expect(firstLate(bootAt('loading'), minute)).toBe('60 s: deadline of 60 s at loading');
});

test('every file is progress of a board that loads', () => {
  const loads = bootAt('loading', { lastSeenMs: t0 + 100_000 });

  expect(firstLate(loads, 5 * minute)).toBe('280 s: phase of 180 s at loading');
});

test('a DISCOVER that is sent again is none', () => {
  expect(firstLate(bootAt('offered', { lastSeenMs: t0 + 80_000 }), 5 * minute)).toBe('90 s: phase of 90 s at offered');
});

test('what is closed is not late', () => {
  const closed = { atMs: t0, reason: 'ready' } as const;

  expect(firstLate(bootAt('ready', { closed }), minute)).toBe('never');
});

describe('while the service was down', () => {
  test('no limit runs', () => {
    // Killed after its last sign at 1 s, back at 241 s.
    const resumed = resumeBoot(bootAt('loading'), t0 + 241_000);

    expect(resumed.queued).toEqual({ ms: 240_000, untilMs: t0 + 241_000 });
    expect(firstLate(resumed, 5 * minute)).toBe('421 s: phase of 180 s at loading');
    expect(firstLate(bootAt('userspace', { queued: resumed.queued }), 5 * minute)).toBe(
      '540 s: deadline of 300 s at userspace',
    );
  });

  test('a second time that was down counts once', () => {
    const again = resumeBoot(resumeBoot(bootAt('loading'), t0 + 61_000), t0 + 71_000);

    expect(again.queued).toEqual({ ms: 70_000, untilMs: t0 + 71_000 });
  });

  test('nothing happens to a boot that is closed or was heard of right now', () => {
    const closed = bootAt('ready', { closed: { atMs: t0, reason: 'ready' } });
    const fresh = bootAt('loading');

    expect(resumeBoot(closed, t0 + minute)).toBe(closed);
    expect(resumeBoot(fresh, t0 + 1000)).toBe(fresh);
  });
});

test('who is late stays late until something comes, and no boot is late before the first limit', () => {
  const phase = fc.constantFrom(undefined, ...bootPhases.filter((each) => each !== 'ready' && each !== 'failed'));
  const times = fc.tuple(fc.integer({ min: 0, max: 3_600_000 }), fc.integer({ min: 0, max: 3_600_000 }));
  fc.assert(
    fc.property(phase, fc.integer({ min: 1000, max: 3_600_000 }), times, (at, deadlineMs, [oneMs, otherMs]) => {
      const boot = bootAt(at);
      const isLate = (ms: number) => findLateness(boot, deadlineMs, t0 + ms) !== undefined;
      if (isLate(Math.min(oneMs, otherMs))) expect(isLate(Math.max(oneMs, otherMs))).toBe(true);
      expect(isLate(Math.min(deadlineMs, 90_000) - 1)).toBe(false);
      if (at !== 'waiting') expect(isLate(deadlineMs)).toBe(true);
    }),
  );
});
