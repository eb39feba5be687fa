/** What Slurm says of the nodes that a step or a gate waits for. */
import { describeError } from '../model/describe-error.ts';
import type { SlurmFacts } from '../plan/operation-move.ts';
import type { ClusterSlurm } from './slurm.ts';

export type SlurmOf = (node: string) => SlurmFacts;

/** @param isAsked false: nothing depends on it now, and the controller is left alone */
export async function slurmFacts(
  slurm: Pick<ClusterSlurm, 'isThere' | 'nodes'>,
  isAsked: boolean,
  signal: AbortSignal,
): Promise<SlurmOf> {
  if (!isAsked || !slurm.isThere()) return () => ({ kind: 'none' });
  try {
    const nodes = await slurm.nodes(signal);
    return (node) => ({ kind: 'known', node: nodes.get(node) });
  } catch (error) {
    const reason = describeError(error);
    return () => ({ kind: 'unknown', reason });
  }
}
