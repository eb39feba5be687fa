/** A rollout of three nodes, as the state keeps it. */
import type { Operation, OperationNode } from '../../src/model/operation.ts';
import type { Rollout, RolloutNode } from '../../src/model/rollout.ts';

export const sampleGates: Rollout['gates'] = { slurm: true, checks: [], soakMs: 60_000, deadlineMs: 600_000 };

/** @param results of node01, the canary, node02 in wave 1 and node03 in wave 2 */
export function sampleRollout(changes: Partial<Rollout> = {}, results: readonly RolloutNode['result'][] = []): Rollout {
  return {
    id: '3',
    by: 'ops',
    startedAtMs: 1_000_000,
    target: { kind: 'image', role: 'compute', image: 'debian-lite@2' },
    from: 'debian-lite@1',
    canary: 1,
    waves: [50, 100],
    gates: sampleGates,
    drain: 'wait',
    drainDeadlineMs: 60_000,
    maxUnavailable: 1,
    maxFailed: 0,
    state: 'running',
    wave: 0,
    operation: '12',
    nodes: ['node01', 'node02', 'node03'].map((node, wave) => nodeWith(node, wave, results[wave])),
    leftOut: [],
    ...changes,
  };
}

const nodeWith = (node: string, wave: number, result: RolloutNode['result']): RolloutNode =>
  result === undefined ? { node, wave } : { node, wave, result };

export function sampleOperation(changes: Partial<Operation> = {}): { operation: Operation; nodes: OperationNode[] } {
  const operation: Operation = {
    id: '12',
    kind: 'rollout',
    by: 'ops',
    role: 'compute',
    rollout: { id: '3', way: 'forward', to: 'debian-lite@2' },
    drain: 'wait',
    drainDeadlineMs: 60_000,
    maxUnavailable: 1,
    startedAtMs: 1_000_000,
    state: 'done',
    endedAtMs: 1_100_000,
    ...changes,
  };
  return { operation, nodes: [] };
}
