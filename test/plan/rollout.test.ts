/** What a rollout does next, in each of its places; whole rollouts are in test/fleet/run-rollouts.test.ts. */
import { describe, expect, test } from 'vitest';

import type { RolloutNode } from '../../src/model/rollout.ts';
import type { NodeGate } from '../../src/plan/rollout-gates.ts';
import { collectNode, nextRolloutMove, type RolloutFacts } from '../../src/plan/rollout.ts';
import { parseSlurmNodes } from '../../src/plan/slurm-state.ts';
import { sampleGates, sampleOperation, sampleRollout } from '../support/sample-rollout.ts';

const sinceMs = 1_200_000;
const soaked = sinceMs + sampleGates.soakMs;
const late = soaked + sampleGates.deadlineMs;
const image = 'debian-lite@2';

const ready: NodeGate = {
  status: {
    state: 'ready',
    desired: { generation: 'new', image },
    running: { generation: 'new', image, role: 'compute' },
  },
  lastBoot: undefined,
  isCompute: true,
  slurm: { kind: 'none' },
};

const withState = (state: NodeGate['status']['state'], reason?: string): NodeGate => ({
  ...ready,
  status: { ...ready.status, state, ...(reason !== undefined && { reason }) },
});

const inSlurm = (line: string): NodeGate => ({
  ...ready,
  slurm: { kind: 'known', node: parseSlurmNodes(`NodeName=node01 ${line}`).get('node01') },
});

const facts = (changes: Partial<RolloutFacts> = {}): RolloutFacts => ({
  nowMs: soaked,
  lookingSinceMs: 0,
  operation: sampleOperation(),
  gates: new Map([['node01', ready]]),
  checks: new Map(),
  ...changes,
});

const canaryDone = sampleRollout({ gatesSinceMs: sinceMs }, ['done']);

test('while its operation goes on it waits, and then writes down how the nodes did', () => {
  const { endedAtMs: _ended, ...running } = sampleOperation().operation;
  expect(nextRolloutMove(sampleRollout(), facts({ operation: { operation: running, nodes: [] } }))).toEqual({
    kind: 'wait',
    detail: 'the canary goes on',
  });
  expect(nextRolloutMove(sampleRollout(), facts())).toEqual({ kind: 'collect' });
  expect(nextRolloutMove(sampleRollout(), facts({ operation: undefined }))).toEqual({ kind: 'collect' });
});

describe('the gates of a wave', () => {
  test.each<[string, NodeGate, number, string, string?]>([
    ['ready for so long: the next wave', ready, soaked, 'wave'],
    ['ready, but only just', ready, soaked - 1, 'wait', 'the canary: it runs for a while before it counts'],
    ['it has failed', withState('failed', 'slurmd.service failed'), sinceMs, 'abort', 'node01: slurmd.service failed'],
    ['it boots', withState('booting'), late - 1, 'wait', 'the canary: node01: it is booting'],
    ['it boots for too long', withState('booting'), late, 'abort', 'node01: it is booting'],
    [
      'it is silent',
      withState('silent', 'its heartbeats have stopped'),
      late,
      'abort',
      'node01: its heartbeats have stopped',
    ],
    ['it waits for a share', withState('waiting', '/home'), late - 1, 'wait', 'the canary: node01: /home'],
    ['it waits, which nobody knows the end of', withState('waiting', '/home'), late, 'pause', 'node01: /home'],
    ['Slurm has it', inSlurm('State=IDLE '), soaked, 'wave'],
    ['Slurm has it down', inSlurm('State=DOWN Reason=Not responding'), late, 'abort', 'node01: Slurm has it as DOWN'],
    ['an administrator has drained it', inSlurm('State=IDLE+DRAIN Reason=bad fan'), soaked, 'wave'],
    ['Slurm does not know it', { ...ready, slurm: { kind: 'known', node: undefined } }, soaked, 'wait'],
    [
      'Slurm does not answer',
      { ...ready, slurm: { kind: 'unknown', reason: 'ssh' } },
      late,
      'pause',
      'node01: Slurm does not answer: ssh',
    ],
    [
      'its overlays were edited meanwhile',
      { ...ready, status: { ...ready.status, desired: { generation: 'newer', image } } },
      sinceMs,
      'pause',
      'node01: what it is to boot has been changed since it booted',
    ],
  ])('%s', (_name, gate, nowMs, kind, said) => {
    const move = nextRolloutMove(canaryDone, facts({ nowMs, gates: new Map([['node01', gate]]) }));
    expect(move.kind).toBe(kind);
    if (said !== undefined) expect(move).toMatchObject(move.kind === 'wait' ? { detail: said } : { reason: said });
  });

  test('time in which there was no service is not counted against a wave', () => {
    const gates = new Map([['node01', inSlurm('State=DOWN Reason=Not responding')]]);
    const back = (lookingSinceMs: number) =>
      nextRolloutMove(canaryDone, facts({ nowMs: late, lookingSinceMs, gates })).kind;
    expect([back(late - 2000), back(sinceMs)]).toEqual(['wait', 'abort']);
  });

  test('Slurm is not asked where it does not count', () => {
    const rollout = { ...canaryDone, gates: { ...sampleGates, slurm: false } };
    const gates = new Map([['node01', inSlurm('State=DOWN Reason=x')]]);
    expect(nextRolloutMove(rollout, facts({ gates })).kind).toBe('wave');
  });

  test('checks come one after the other, and one that fails takes all back', () => {
    const checks = ['mpi', 'disk'].map((name) => ({ name, argv: [`/bin/${name}`], deadlineMs: 1000 }));
    const rollout = { ...canaryDone, gates: { ...sampleGates, checks } };
    const next = (states: RolloutFacts['checks']) => nextRolloutMove(rollout, facts({ checks: states }));
    const passed = { kind: 'passed' } as const;
    expect(next(new Map())).toEqual({ kind: 'check', check: checks[0] });
    expect(next(new Map([['mpi', { kind: 'running' }]]))).toMatchObject({ kind: 'wait' });
    expect(next(new Map([['mpi', passed]]))).toEqual({ kind: 'check', check: checks[1] });
    expect(next(new Map([['mpi', { kind: 'failed', reason: 'no route' }]]))).toEqual({
      kind: 'abort',
      reason: 'the check mpi: no route',
    });
    expect(
      next(
        new Map([
          ['mpi', passed],
          ['disk', passed],
        ]),
      ),
    ).toEqual({ kind: 'wave', wave: 1 });
  });
});

const after = (results: readonly RolloutNode['result'][], changes = {}) =>
  nextRolloutMove(sampleRollout({ gatesSinceMs: sinceMs, wave: results.length - 1, ...changes }, results), facts());

describe('what becomes of it', () => {
  test.each([
    ['a canary that fell back takes all back', ['fell-back'], {}, { kind: 'abort' }],
    ['also where some may fail', ['fell-back'], { maxFailed: 2 }, { kind: 'abort' }],
    ['and while it is paused', ['fell-back'], { state: 'paused' }, { kind: 'abort' }],
    ['one behind it that falls back takes all back', ['done', 'fell-back'], {}, { kind: 'abort' }],
    ['unless some may', ['done', 'done', 'fell-back'], { maxFailed: 1, wave: 1 }, { kind: 'wave', wave: 2 }],
    ['a wave that nobody took proves nothing', ['kept'], {}, { kind: 'pause' }],
    ['a wave whose nodes are gone is passed over', ['done', 'skipped'], {}, { kind: 'wave', wave: 2 }],
    ['paused, it waits', ['done'], { state: 'paused' }, { kind: 'wait' }],
    ['nodes that are tried again', ['done', undefined], {}, { kind: 'wave', wave: 1 }],
    ['the last wave ends it', ['done', 'done', 'done'], {}, { kind: 'end', state: 'done', reason: undefined }],
    [
      'and says who does not have it',
      ['done', 'fell-back', 'done'],
      { maxFailed: 1 },
      { kind: 'end', reason: 'node02 did not come up' },
    ],
    ['aborted, those that have it go back', ['done'], { state: 'aborting' }, { kind: 'back' }],
    ['aborted, and nobody has it', ['fell-back'], { state: 'aborting' }, { kind: 'end', state: 'rolled-back' }],
  ] as const)('%s', (_name, results, changes, move) => {
    const rollout = sampleRollout({ gatesSinceMs: sinceMs, wave: results.length - 1, ...changes }, results);
    const gates = new Map(['node01', 'node02', 'node03'].map((node) => [node, ready]));
    expect(nextRolloutMove(rollout, facts({ gates }))).toMatchObject(move);
  });

  test.each([
    [['rolled-back', 'fell-back'], 'rolled-back'],
    [['rolled-back', 'failed'], 'failed'],
  ] as const)('%j after the way back: %s', (results, state) => {
    const rollout = sampleRollout({ gatesSinceMs: sinceMs, state: 'aborting', reason: 'node02: why' }, results);
    const operation = sampleOperation({ rollout: { id: '3', way: 'back', to: 'debian-lite@1' } });
    expect(nextRolloutMove(rollout, facts({ operation }))).toMatchObject({ kind: 'end', state });
  });

  test('an end of others is of no interest', () => {
    expect(after(['done'], { state: 'paused', reason: 'paused by ops' })).toEqual({
      kind: 'wait',
      detail: 'paused by ops',
    });
  });
});

test.each([
  ['forward', 'done', 'done'],
  ['forward', 'fell-back', 'fell-back'],
  ['forward', undefined, 'skipped'],
  ['back', 'done', 'rolled-back'],
  ['back', 'kept', 'kept'],
  ['back', 'fell-back', 'failed'],
  ['back', 'failed', 'failed'],
] as const)('%s and %s is %s', (way, result, wanted) => {
  const ended = {
    operation: '12',
    node: 'node01',
    from: 'compute',
    steps: [],
    ...(result !== undefined && { result }),
  };
  expect(collectNode({ node: 'node01', wave: 0, result: 'done' }, ended, way).result).toBe(wanted);
});
