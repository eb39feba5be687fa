/** What a step of an operation has Slurm do with its node. */
import { unreachable } from '../model/errors.ts';
import type { SlurmAct } from '../plan/operation-move.ts';
import { drainReason } from '../plan/slurm-state.ts';
import type { ClusterSlurm } from './slurm.ts';

interface SlurmOrder {
  readonly node: string;
  /** Its id stands in the reason that administrators read. */
  readonly operation: string;
  readonly signal: AbortSignal;
}

export function orderSlurm(slurm: ClusterSlurm, act: SlurmAct, { node, operation, signal }: SlurmOrder): Promise<void> {
  switch (act) {
    case 'drain':
      return slurm.drain(node, drainReason(operation), signal);
    case 'resume':
      return slurm.resume(node, signal);
    case 'requeue-jobs':
      return slurm.requeueJobs(node, signal);
    case 'cancel-jobs':
      return slurm.cancelJobs(node, signal);
    default:
      return unreachable(act);
  }
}
