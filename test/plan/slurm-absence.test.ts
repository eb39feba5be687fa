/** Who is away, and what Slurm is told of it: tables of events, facts and answers of Slurm. */
import { describe, expect, test } from 'vitest';

import type { Event } from '../../src/model/event.ts';
import {
  decideAbsence,
  whereaboutsOf,
  withEvents,
  type Absence,
  type AbsenceFacts,
} from '../../src/plan/slurm-absence.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';

const minuteMs = 60_000;
const sinceMs = 1_000_000;

const event = (id: number, kind: string, action?: string): Event => {
  return { id, atMs: sinceMs + id, kind, node: 'node01', fields: action === undefined ? {} : { action } };
};

const asked = (id: number, action: string) => event(id, 'node.power-asked', action);
const failed = (id: number, action: string) => event(id, 'node.power-failed', action);

test.each<[string, Event[], Partial<Absence> | undefined]>([
  ['takes the order to shut down', [event(1, 'node.shutting-down')], { event: 1, sinceMs: sinceMs + 1 }],
  ['has no power', [asked(1, 'off'), event(2, 'node.power-off', 'off')], { event: 2, isCalledOff: false }],
  ['is asked for an order that comes to nothing', [asked(1, 'off'), failed(2, 'off')], undefined],
  ['is about to be cycled', [asked(1, 'cycle')], { event: 1, isCalledOff: false }],
  ['was cycled', [asked(1, 'cycle'), event(2, 'node.power-cycled', 'cycle')], { event: 1, isCalledOff: false }],
  ['could not be cycled', [asked(1, 'cycle'), failed(2, 'cycle')], { event: 2, isCalledOff: true }],
  ['could not be cycled, told newest first', [failed(2, 'cycle'), asked(1, 'cycle')], { event: 2, isCalledOff: true }],
  ['is shut down, and its port stays on', [event(1, 'node.shutting-down'), failed(2, 'off')], { event: 1 }],
  ['was removed', [event(1, 'node.removed')], { event: 1, isCalledOff: false }],
  ['is switched on', [asked(1, 'on'), event(2, 'node.power-on', 'on')], undefined],
])('a node that %s', (_what, events, expected) => {
  const absence = withEvents(new Map(), events).get('node01');
  if (expected === undefined) expect(absence).toBeUndefined();
  else expect(absence).toMatchObject(expected);
});

const away: Absence = { event: 1, sinceMs, isCalledOff: false, isSettled: false };

const running: AbsenceFacts = {
  isCompute: true,
  lastBootMs: sinceMs - 1,
  isHeard: true,
  isReady: true,
  isInOperation: false,
  isHeld: false,
};
const off = { isHeard: false, isReady: false };
const back = { lastBootMs: sinceMs + minuteMs };

describe('a node that left', () => {
  test.each<[string, Partial<Absence>, Partial<AbsenceFacts> | undefined, number, string]>([
    ['just now', {}, {}, 0, 'away'],
    ['and is silent', {}, off, minuteMs, 'away'],
    ['and never booted', {}, { ...off, lastBootMs: undefined }, minuteMs, 'away'],
    ['and has booted', {}, { ...back, isReady: false }, 2 * minuteMs, 'under-way'],
    ['and is ready again', {}, back, 2 * minuteMs, 'back'],
    ['and has not: it runs on', {}, {}, 5 * minuteMs, 'back'],
    ['and has not: its switch failed', { isCalledOff: true }, {}, 0, 'back'],
    ['and has not, but fails', { isCalledOff: true }, { isReady: false }, 0, 'under-way'],
    ['and that Slurm gives no jobs', { isSettled: true }, off, minuteMs, 'under-way'],
    ['and that Slurm gives no jobs, as long as it is heard', { isSettled: true }, {}, minuteMs, 'away'],
    ['and runs no jobs', {}, { isCompute: false }, 0, 'under-way'],
    ['as an operation wants it', {}, { isInOperation: true }, 0, 'under-way'],
    ['and is ready for its operation', {}, { ...back, isInOperation: true }, 2 * minuteMs, 'under-way'],
    ['with the whole cluster', {}, { ...off, isInOperation: true, isHeld: true }, minuteMs, 'away'],
    ['and is ready before the whole cluster is', {}, { ...back, isHeld: true }, 2 * minuteMs, 'under-way'],
    ['for good', {}, undefined, 0, 'away'],
  ])('%s', (_what, absence, facts, laterMs, expected) => {
    const known = facts && { ...running, ...facts };
    expect(whereaboutsOf({ ...away, ...absence }, known, sinceMs + laterMs)).toBe(expected);
  });
});

const slurms = ' Reason=Not responding [slurm@2026-11-21T10:07:00]';
const ours = ' Reason=pi-image: off [root@2026-11-21T10:05:00]';
const operations = ' Reason=pi-image operation 12 [root@2026-11-21T10:05:00]';
const theirs = ' Reason=bad fan [ada@2026-11-21T09:00:00]';

test.each([
  ['IDLE', '', 'down', 'over'],
  ['MIXED', '', 'down', 'over'],
  // Left over from a drain that was lifted.
  ['IDLE', theirs, 'down', 'over'],
  ['IDLE+NOT_RESPONDING', '', 'down', 'wait'],
  ['DOWN', slurms, 'down', 'over'],
  ['DOWN', '', 'down', 'over'],
  ['DOWN', ours, 'settled', 'resume'],
  ['DOWN+NOT_RESPONDING', ours, 'settled', 'wait'],
  ['DOWN', theirs, 'settled', 'over'],
  ['IDLE+DRAIN', theirs, 'settled', 'over'],
  ['MIXED+DRAIN', operations, 'settled', 'over'],
  ['DOWN+DRAIN', ours, 'settled', 'over'],
  [undefined, '', 'settled', 'over'],
])('%s, "%s": away %s, back %s', (state, end, whenAway, whenBack) => {
  const text = state === undefined ? '' : `NodeName=node01 Arch=aarch64 State=${state} Partitions=main${end}`;
  const known = parseSlurmNodes(text).get('node01');
  expect([decideAbsence('away', known, false), decideAbsence('back', known, false)]).toEqual([whenAway, whenBack]);
  expect(decideAbsence('away', known, true)).toBe(whenAway === 'settled' ? 'over' : whenAway);
});
