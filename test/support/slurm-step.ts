/** Takes a node of a real Slurm through the steps of an operation that have to do with Slurm, as the service does. */
import { setTimeout as sleep } from 'node:timers/promises';

import { clusterSlurm } from '../../src/fleet/slurm.ts';
import { orderSlurm } from '../../src/fleet/slurm-order.ts';
import type { Operation, OperationNode, OperationStepName } from '../../src/model/operation.ts';
import type { OperationFacts, StepEnd } from '../../src/plan/operation-move.ts';
import { nextMove } from '../../src/plan/operation-node.ts';
import type { SlurmCluster } from './slurm-cluster.ts';

const signal = new AbortController().signal;
const id = '7';

interface Step {
  readonly drain?: Operation['drain'];
  readonly drainDeadlineMs?: number;
  readonly staysDrained?: boolean | undefined;
}

/** @returns how it ends */
export async function takeStep(
  cluster: SlurmCluster,
  [node, step]: readonly [string, OperationStepName],
  { drain = 'requeue', drainDeadlineMs = 60_000, staysDrained }: Step = {},
): Promise<StepEnd> {
  const startedAtMs = Date.now();
  const slurm = clusterSlurm(cluster.controller);
  const state = { by: 'test', role: 'login', maxUnavailable: 1, state: 'running' } as const;
  const operation: Operation = { id, kind: 'role-change', drain, drainDeadlineMs, startedAtMs, ...state };
  const steps = [{ step, startedAtMs }];
  const journal: OperationNode = { operation: id, node, from: 'compute', steps, staysDrained };
  for (;;) {
    const known = (await slurm.nodes(signal)).get(node);
    const move = nextMove(journal, operation, { ...facts, nowMs: Date.now(), slurm: { kind: 'known', node: known } });
    if (move.kind === 'next' || move.kind === 'end') return move;
    if (move.kind === 'act') {
      if (move.act === 'reboot') throw new Error('this step does not reboot');
      await orderSlurm(slurm, move.act, { node, operation: id, signal });
    }
    await sleep(300);
  }
}

const facts: Omit<OperationFacts, 'nowMs' | 'slurm'> = {
  status: { state: 'ready', desired: undefined, running: undefined },
  lookingSinceMs: 0,
  lastBoot: undefined,
  boots: [],
  isSwitched: false,
  reboot: { kind: 'off', reason: 'not in this test' },
  rebootFailed: undefined,
  lastGood: undefined,
  isInHoldBoot: false,
  bootDeadlineMs: 60_000,
  wasCompute: true,
  isCompute: true,
};
