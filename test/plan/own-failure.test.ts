import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { diagnose } from '../../src/plan/diagnose.ts';
import { areTooMany, crowdAround, failedOfItselfAtMs } from '../../src/plan/own-failure.ts';
import { cameUp, endedBoot, unitsFailed } from '../support/failed-boots.ts';

const minuteMs = 60_000;
const nowMs = 100 * minuteMs;

const waiting = endedBoot('node01', 'g', nowMs, ['kernel', 'overlay', 'userspace', 'waiting'], 'the share on /home');
const loading = endedBoot('node01', 'g', nowMs, []);
const late = (boot: typeof waiting) => {
  const lateness = { phase: boot.phases.at(-1)?.phase, exceeded: 'deadline', limitMs: 1 } as const;
  return closeBoot(boot, 'failed', nowMs, diagnose(boot, { kind: 'late', lateness }));
};

test.each([
  ['its units failed', unitsFailed('node01', 'g', nowMs), nowMs],
  ['it came up', cameUp('node01', 'g', nowMs), undefined],
  ['it was late, and waited for a share', late(waiting), undefined],
  ['it was late before its kernel spoke', late(loading), undefined],
  ['it fell silent', closeBoot(waiting, 'silent', nowMs, diagnose(waiting, { kind: 'silent' })), undefined],
  [
    'it did not find its root',
    endedBoot('node01', 'g', nowMs, ['kernel', 'failed'], 'cannot mount it over NFS: …'),
    undefined,
  ],
  ['it is under way', loading, undefined],
])('one of which is known: %s', (_name, boot, expected) => {
  expect(failedOfItselfAtMs(boot)).toBe(expected);
});

test('a node that becomes ready after all has not failed', () => {
  const report = { phase: 'ready', uptimeSeconds: 99, detail: undefined } as const;
  expect(failedOfItselfAtMs(reportPhase(unitsFailed('node01', 'g', nowMs), report, nowMs))).toBeUndefined();
});

test('what it says again in other words, a day later, is the same failure', () => {
  const again = { phase: 'failed', uptimeSeconds: 86_400, detail: 'slurmd.service: killed again' } as const;
  const boot = reportPhase(unitsFailed('node01', 'g', nowMs), again, nowMs + 1440 * minuteMs);
  expect(failedOfItselfAtMs(boot)).toBe(nowMs);
});

const crowd = (failed: number, up: number, { sinceMs = nowMs, apartMs = 0 } = {}) => [
  ...Array.from({ length: failed }, (_, index) => unitsFailed(`bad${index}`, 'b', sinceMs + apartMs * index)),
  ...Array.from({ length: up }, (_, index) => cameUp(`good${index}`, 'g', sinceMs)),
];

test.each([
  ['one alone', crowd(1, 0), false],
  ['one of two', crowd(1, 1), false],
  ['two alone', crowd(2, 0), true],
  ['two of nine', crowd(2, 7), true],
  ['two of ten', crowd(2, 8), false],
  ['two, half an hour apart', crowd(2, 0, { apartMs: 30 * minuteMs }), false],
  ['two, nine minutes apart', crowd(2, 0, { apartMs: 9 * minuteMs }), true],
  [
    'one that fails again and again',
    [unitsFailed('bad0', 'b', nowMs), unitsFailed('bad0', 'b', nowMs + minuteMs)],
    false,
  ],
  [
    'two that were taken back, and came up',
    [...crowd(2, 0), cameUp('bad0', 'a', nowMs), cameUp('bad1', 'a', nowMs)],
    true,
  ],
])('too many: %s', (_name, boots, expected) => {
  expect(areTooMany(crowdAround(boots, nowMs))).toBe(expected);
});

test('more than a fifth, and more than one, are too many', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), (failed, up) => {
      const found = areTooMany(crowdAround(crowd(failed, up), nowMs));
      expect(found).toBe(failed > 1 && failed * 5 > failed + up);
    }),
  );
});

test('what happens ten minutes later changes nothing', () => {
  fc.assert(
    fc.property(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9), (failed, up, laterFailed, laterUp) => {
      const then = crowd(failed, up);
      const later = crowd(laterFailed, laterUp, { sinceMs: nowMs + 10 * minuteMs });
      expect(crowdAround([...then, ...later], nowMs)).toEqual(crowdAround(then, nowMs));
    }),
  );
});
