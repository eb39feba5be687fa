import { expect, test } from 'vitest';

import type { MungeRotation } from '../../src/model/munge-rotation.ts';
import type { Operation, OperationNode } from '../../src/model/operation.ts';
import { emptyState } from '../../src/model/state.ts';
import { requireFree, requireNoOperation } from '../../src/plan/operation-guard.ts';

const operation: Operation = {
  id: '1',
  kind: 'role-change',
  by: 'ops',
  role: 'login',
  drain: 'wait',
  drainDeadlineMs: 60_000,
  maxUnavailable: 1,
  startedAtMs: 1,
  state: 'running',
};
const node: OperationNode = { operation: '1', node: 'node01', from: 'compute', steps: [] };
const rotation: MungeRotation = {
  id: '2',
  kind: 'munge-rotation',
  by: 'ops',
  secret: 'mungeKey',
  partitions: [],
  startedAtMs: 1,
  state: 'running',
  steps: [],
  nodes: [{ node: 'node01', state: 'waiting' }],
};
const wave: Operation = { ...operation, kind: 'rollout', rollout: { id: '7', way: 'forward', to: 'x' } };
const withOperation = (changes: Partial<Operation> = {}, result?: OperationNode['result']) => ({
  ...emptyState,
  operations: { 1: { ...operation, ...changes } },
  operationNodes: { '1/node01': { ...node, ...(result !== undefined && { result }) } },
});
const withRotation = (changes: Partial<MungeRotation> = {}) => ({
  ...emptyState,
  mungeRotations: { 2: { ...rotation, ...changes } },
});

test.each([
  ['nothing goes on', emptyState, undefined, undefined],
  ['an operation works on it', withOperation(), 'node01 is in operation 1', 'operation cancel 1'],
  ['a wave works on it', withOperation(wave), 'node01 is in operation 1', 'rollout abort 7'],
  ['it is through', withOperation({}, 'done'), undefined, undefined],
  ['the operation has ended', withOperation({ endedAtMs: 2 }), undefined, undefined],
  ['it gets another munge key', withRotation(), 'node01 is in operation 2', 'operation cancel 2'],
  ['others get another munge key', withRotation({ nodes: [] }), undefined, undefined],
  ['it got another munge key', withRotation({ endedAtMs: 2 }), undefined, undefined],
])('is a node free when %s', (_name, state, message, stop) => {
  const ask = () => requireFree(['node09', 'node01'], state);
  if (message === undefined) return expect(ask).not.toThrow();
  const hint = expect.stringContaining(`"pi-image ${stop}"`) as unknown;
  expect(ask).toThrow(expect.objectContaining({ message, hint }));
});

test.each([
  ['nothing', emptyState, undefined],
  ['an operation that has ended', withOperation({ endedAtMs: 2 }), undefined],
  ['an operation', withOperation({}, 'done'), 'operation 1 goes on'],
  ['a rotation of other nodes', withRotation({ nodes: [] }), 'operation 2 goes on'],
])('what takes hold of all has to wait for %s: %3$s', (_name, state, message) => {
  const ask = () => requireNoOperation(state);
  if (message === undefined) return expect(ask).not.toThrow();
  expect(ask).toThrow(message);
});
