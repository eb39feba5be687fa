/** What is done next for a node, step by step; whole operations are in test/fleet/run-operations.test.ts. */
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { holdBoot } from '../../src/model/generation-pin.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { Operation, OperationNode, OperationStepName } from '../../src/model/operation.ts';
import type { OperationFacts } from '../../src/plan/operation-move.ts';
import { nextMove } from '../../src/plan/operation-node.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';

const sinceMs = 1_000_000;
const operation: Operation = {
  id: '12',
  kind: 'role-change',
  by: 'ops',
  role: 'login',
  drain: 'wait',
  drainDeadlineMs: 60_000,
  maxUnavailable: 1,
  startedAtMs: sinceMs,
  state: 'running',
};

const at = (step: OperationStepName): OperationNode => ({
  operation: '12',
  node: 'node01',
  from: 'compute',
  steps: [{ step, startedAtMs: sinceMs }],
});

const boot = (changes: Partial<Boot> = {}): Boot => ({
  id: 'b1',
  node: 'node01',
  mac: 'm',
  address: '10.42.0.11',
  generation: 'new',
  startedAtMs: sinceMs + 1000,
  tokenExpiresAtMs: 0,
  lastSeenMs: 0,
  files: 0,
  bytes: 0,
  phases: [{ phase: 'kernel', atMs: sinceMs + 2000 }],
  ...changes,
});

const image = 'debian-lite@1';
const facts = (changes: Partial<OperationFacts> = {}): OperationFacts => ({
  nowMs: sinceMs + 10_000,
  lookingSinceMs: 0,
  status: {
    state: 'ready',
    desired: { generation: 'new', image },
    running: { generation: 'old', image, role: 'compute' },
  },
  lastBoot: boot({ generation: 'old', startedAtMs: sinceMs - 60_000 }),
  boots: [],
  isSwitched: false,
  reboot: { kind: 'ssh', address: parseIpv4('10.42.0.11') },
  rebootFailed: undefined,
  bootDeadlineMs: 300_000,
  lastGood: undefined,
  isInHoldBoot: false,
  wasCompute: true,
  isCompute: false,
  slurm: { kind: 'none' },
  ...changes,
});
const status = (state: OperationFacts['status']['state'], runs = 'old'): Pick<OperationFacts, 'status'> => ({
  status: { ...facts().status, state, running: { generation: runs, image, role: 'x' } },
});

/** Its newest boot is its only one unless they say more. */
const move = (step: OperationStepName, changes: Partial<OperationFacts> = {}) => {
  const { lastBoot } = changes;
  return nextMove(at(step), operation, facts({ ...(lastBoot !== undefined && { boots: [lastBoot] }), ...changes }));
};

describe('back into the hold boot', () => {
  const late = { nowMs: sinceMs + 300_000 };
  const off = { reboot: { kind: 'off', reason: 'it is off' } as const };
  test.each([
    ['one that runs is told', {}, { kind: 'act', act: 'reboot' }],
    ['one that does not run restarts by itself', off, { kind: 'wait' }],
    [
      'one that asks from there waits for people',
      { isInHoldBoot: true },
      { kind: 'end', result: 'failed', detail: 'it waits in the hold boot' },
    ],
    ['one that is never heard from there is given up', late, { kind: 'end', result: 'failed', outcome: 'failed' }],
  ])('%s', (_name, changes, expected) => {
    const node = { ...at('reboot-back'), heldAt: holdBoot };
    expect(nextMove(node, operation, facts(changes))).toMatchObject(expected);
  });
});

describe('reboot', () => {
  const late = { nowMs: sinceMs + 240_000 };
  test.each([
    ['one that runs is told', {}, { kind: 'act', act: 'reboot' }],
    ['one that has begun a boot since is waited for', { lastBoot: boot() }, { kind: 'next', next: 'boot' }],
    ['one that boots already is left alone', status('booting'), { kind: 'wait' }],
    [
      'one that runs the new content already is done',
      { ...status('ready', 'new'), lastBoot: boot({ startedAtMs: 0 }) },
      { kind: 'next', outcome: 'skipped', next: 'resume' },
    ],
    [
      'one without power gets its role all the same',
      { reboot: { kind: 'off', reason: 'it is off' } as const },
      { kind: 'end', result: 'done', detail: 'it is off; its next boot is the change' },
    ],
    [
      'one that cannot be told goes back',
      late,
      { kind: 'next', next: 'revert', cause: 'it was to reboot and did not' },
    ],
    [
      'with the reason of ssh',
      { ...late, rebootFailed: { reason: 'No route to host', hint: 'Switch it off.' } },
      { kind: 'next', next: 'revert', cause: 'No route to host', hint: 'Switch it off.' },
    ],
  ])('%s', (_name, changes, expected) => {
    expect(move('reboot', changes)).toMatchObject(expected);
  });

  test('back: one that died restarts by itself, and is given up in the end', () => {
    const off = { reboot: { kind: 'off', reason: 'it is off' } as const, ...status('failed') };
    expect(move('reboot-back', off)).toEqual({ kind: 'wait', detail: 'it restarts by itself' });
    expect(move('reboot-back', { ...off, ...late })).toMatchObject({ kind: 'end', result: 'failed' });
  });

  test('back: one that died is switched off and on where its power can be, and one that boots is left alone', () => {
    const off = { reboot: { kind: 'off', reason: 'it is off' } as const, isSwitched: true };
    expect(move('reboot-back', { ...off, ...status('failed') })).toMatchObject({ kind: 'act', act: 'reboot' });
    expect(move('reboot-back', { ...off, ...status('booting') })).toMatchObject({ kind: 'wait' });
    // Nobody switched it on, so nobody wants it on.
    expect(move('reboot', off)).toMatchObject({ kind: 'end', result: 'done' });
  });
});

describe('boot', () => {
  const failed = { atMs: 0, reason: 'failed' as const, cause: 'slurmd.service failed', hint: 'Look at it.' };
  const veryLate = { nowMs: sinceMs + 900_000 };
  test.each([
    [
      'ready in the new content is done',
      { ...status('ready', 'new'), lastBoot: boot() },
      { kind: 'next', next: 'resume' },
    ],
    ['up without an agent, too', { ...status('up', 'new'), lastBoot: boot() }, { kind: 'next', next: 'resume' }],
    [
      'ready in the old content is not',
      { ...status('ready'), lastBoot: boot({ generation: 'old' }) },
      { kind: 'wait' },
    ],
    [
      'waiting is not failing, however long',
      { ...status('waiting', 'new'), lastBoot: boot(), ...veryLate },
      { kind: 'wait' },
    ],
    [
      'a role that failed after its kernel goes back, with cause and cure',
      { ...status('failed', 'new'), lastBoot: boot({ closed: failed }) },
      { kind: 'next', next: 'revert', cause: 'slurmd.service failed', hint: 'Look at it.' },
    ],
    [
      'a boot that failed before its kernel is tried again by the firmware',
      { ...status('failed'), lastBoot: boot({ phases: [{ phase: 'loading', atMs: 0 }], closed: failed }) },
      { kind: 'wait', detail: 'slurmd.service failed' },
    ],
    [
      'and goes back after three deadlines: its kernel may be what is broken',
      { ...status('failed'), lastBoot: boot({ phases: [{ phase: 'loading', atMs: 0 }], closed: failed }), ...veryLate },
      { kind: 'next', next: 'revert', cause: 'slurmd.service failed' },
    ],
    [
      'one that has not even begun the new content by then is given up where it stands',
      { ...status('failed'), lastBoot: boot({ generation: 'old', closed: failed }), ...veryLate },
      { kind: 'end', result: 'failed' },
    ],
    [
      'one that hangs after its kernel goes back after three deadlines',
      { ...status('silent'), lastBoot: boot(), ...veryLate },
      { kind: 'next', next: 'revert', cause: 'it did not come up: it is silent' },
    ],
  ])('%s', (_name, changes, expected) => {
    expect(move('boot', changes)).toMatchObject(expected);
  });

  const restarted = { atMs: 0, reason: 'restarted' as const, cause: 'its board started again after root' };
  test.each<[string, number, Partial<Boot>, string]>([
    ['two restarts may be accidents', 2, {}, 'wait'],
    ['three are none', 3, {}, 'next'],
    ['those of another content do not count', 3, { generation: 'old' }, 'wait'],
    ['nor those before its kernel has spoken', 3, { phases: [{ phase: 'loading', atMs: 0 }] }, 'wait'],
    ['nor while it waited for others', 3, { phases: [...boot().phases, { phase: 'waiting', atMs: 0 }] }, 'wait'],
  ])('a board that starts again and again: %s', (_name, count, changes, kind) => {
    const broken = Array.from({ length: count }, () => boot({ closed: restarted, ...changes }));
    const next = move('boot', { ...status('booting'), lastBoot: boot(), boots: [...broken, boot()] });
    expect(next.kind).toBe(kind);
    if (next.kind !== 'next') return;
    const cause = 'it has started 3 times and was never ready: its board started again after root';
    expect(next).toMatchObject({ next: 'revert', cause, detail: cause });
  });

  test('the cause is that of the last boot that has ended, also when the next one has begun', () => {
    const boots = [boot({ closed: failed }), boot({ phases: [] })];
    const late = { ...status('booting'), ...veryLate, lastBoot: boot({ phases: [] }), boots };
    expect(move('boot', late)).toMatchObject({ next: 'revert', cause: 'slurmd.service failed', hint: 'Look at it.' });
  });

  test('back: what does not come up in its old role either has failed', () => {
    expect(move('boot-back', { ...status('failed'), nowMs: sinceMs + 1000 })).toMatchObject({ kind: 'wait' });
    const { cause, ...end } = move('boot-back', { ...status('failed'), ...veryLate }) as { cause?: string };
    expect([cause, end]).toMatchObject([undefined, { kind: 'end', result: 'failed', outcome: 'failed' }]);
  });
});

/** A storage node that was away for an hour: what nodes and Slurm did meanwhile is told to nobody. */
test.each<[OperationStepName, Partial<OperationFacts>]>([
  ['reboot', {}],
  ['boot', { ...status('booting'), lastBoot: boot() }],
  ['boot-back', { ...status('booting'), lastBoot: boot() }],
  ['resume', { isCompute: true, slurm: { kind: 'unknown', reason: 'no route' } }],
])('time in which there was no service is not counted: %s', (step, changes) => {
  const nowMs = sinceMs + 3_600_000;
  const judged = (lookingSinceMs: number) => move(step, { nowMs, lookingSinceMs, ...changes }).kind;
  expect(['wait', 'act']).toContain(judged(nowMs - 2000));
  expect(['next', 'end']).toContain(judged(0));
});

describe('resume', () => {
  const slurm = (text: string): Pick<OperationFacts, 'slurm' | 'isCompute'> => ({
    isCompute: true,
    slurm: { kind: 'known', node: parseSlurmNodes(`NodeName=node01 State=${text}`).get('node01') },
  });
  test.each([
    [
      'a login node has nothing to do with Slurm',
      { isCompute: false },
      { kind: 'end', outcome: 'skipped', result: 'done' },
    ],
    ['one that has jobs again is done', slurm('IDLE'), { kind: 'end', outcome: 'done', result: 'done' }],
    ['what we drained is given back', slurm('IDLE+DRAIN Reason=pi-image operation 12'), { kind: 'act', act: 'resume' }],
    ['what others drained is not', slurm('IDLE+DRAIN Reason=fan'), { kind: 'end', outcome: 'skipped', result: 'done' }],
    ['slurmd is waited for', slurm('IDLE+DRAIN+NOT_RESPONDING'), { kind: 'wait' }],
    [
      'for three minutes',
      { ...slurm('UNKNOWN'), nowMs: sinceMs + 180_000 },
      { kind: 'end', result: 'failed', cause: 'it is up, and Slurm does not take it back' },
    ],
    [
      'a controller that does not answer is waited for',
      { isCompute: true, slurm: { kind: 'unknown', reason: 'no route' } as const },
      { kind: 'wait', detail: 'no route' },
    ],
  ])('%s', (_name, changes, expected) => {
    expect(move('resume', changes)).toMatchObject(expected);
  });
});

test('drain: without Slurm, or in a role without slurmd, there is nothing to drain', () => {
  expect(move('drain')).toMatchObject({ kind: 'next', outcome: 'skipped', next: 'set' });
  const known = { kind: 'known', node: undefined } as const;
  expect(move('drain', { wasCompute: false, slurm: known })).toMatchObject({ outcome: 'skipped', next: 'set' });
  expect(move('drain', { slurm: known })).toMatchObject({ detail: 'Slurm does not know it', next: 'set' });
});

test('drain by force goes on where the controller does not answer until the deadline', () => {
  const unknown = { slurm: { kind: 'unknown', reason: 'no route' } as const };
  const forced = { ...operation, drain: 'force' as const };
  expect(nextMove(at('drain'), forced, facts(unknown))).toMatchObject({ kind: 'wait' });
  const late = facts({ ...unknown, nowMs: sinceMs + 60_000 });
  expect(nextMove(at('drain'), forced, late)).toMatchObject({ kind: 'next', outcome: 'failed', next: 'set' });
});

describe('drain beside an administrator', () => {
  const slurm = (text: string): Pick<OperationFacts, 'slurm'> => ({
    slurm: { kind: 'known', node: parseSlurmNodes(`NodeName=node01 State=${text}`).get('node01') },
  });
  test.each([
    ['one without a word is drained', 'IDLE', { kind: 'act', act: 'drain' }],
    [
      'also while Slurm misses it',
      'DOWN+NOT_RESPONDING Reason=Not responding [slurm@x]',
      { kind: 'act', act: 'drain' },
    ],
    ['what we drained goes on', 'IDLE+DRAIN Reason=pi-image operation 12', { kind: 'next', next: 'set' }],
    ['what they drained stays so', 'IDLE+DRAIN Reason=fan', { kind: 'next', next: 'set', staysDrained: true }],
    ['what they set down is not drained', 'DOWN Reason=fan', { kind: 'next', next: 'set', staysDrained: true }],
    ['what is left of a word that was taken back is none', 'IDLE Reason=fan', { kind: 'act', act: 'drain' }],
  ])('%s', (_name, text, expected) => {
    expect(move('drain', slurm(text))).toMatchObject(expected);
  });
});
