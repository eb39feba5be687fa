/** Is a wave well? What its nodes, Slurm and the administrator's own checks say, and how long that may take. */
import type { Boot } from '../model/boot.ts';
import type { NodeStatus } from '../model/node-status.ts';
import type { Rollout } from '../model/rollout.ts';
import type { SlurmFacts } from './operation-move.ts';
import { slurmReturn } from './slurm-state.ts';

/** What is known of a node that has the new version. */
export interface NodeGate {
  readonly status: Pick<NodeStatus, 'state' | 'desired' | 'running' | 'reason'>;
  /** Its newest boot. */
  readonly lastBoot: Pick<Boot, 'closed'> | undefined;
  /** It runs slurmd. */
  readonly isCompute: boolean;
  readonly slurm: SlurmFacts;
}

/** `broken`: the version's fault. `unclear`: nobody can tell, which is no reason to take it back. */
export type Verdict =
  | { readonly kind: 'holds' }
  | { readonly kind: 'not-yet' | 'broken' | 'unclear' | 'outdated'; readonly reason: string };

const holds: Verdict = { kind: 'holds' };

export function judgeNode({ status, lastBoot, isCompute, slurm }: NodeGate, gates: Rollout['gates']): Verdict {
  const { state, reason } = status;
  if (state !== 'ready' && state !== 'up') return judgeDown(state, lastBoot?.closed?.cause ?? reason);
  if (isOutdated(status)) {
    return { kind: 'outdated', reason: 'what it is to boot has been changed since it booted' };
  }
  return gates.slurm && isCompute ? judgeSlurm(slurm) : holds;
}

function judgeDown(state: NodeStatus['state'], cause = `it is ${state}`): Verdict {
  if (state === 'failed') return { kind: 'broken', reason: cause };
  return { kind: state === 'waiting' ? 'unclear' : 'not-yet', reason: cause };
}

function isOutdated({ desired, running }: NodeGate['status']): boolean {
  return desired !== undefined && running !== undefined && desired.generation !== running.generation;
}

function judgeSlurm(slurm: SlurmFacts): Verdict {
  if (slurm.kind === 'none') return holds;
  if (slurm.kind === 'unknown') return { kind: 'unclear', reason: `Slurm does not answer: ${slurm.reason}` };
  const now = slurmReturn(slurm.node);
  // An administrator's drain says nothing about the version.
  if (now === 'available' || now === 'others') return holds;
  const said = slurm.node === undefined ? 'does not know it' : `has it as ${slurm.node.base}`;
  return { kind: 'not-yet', reason: `Slurm ${said}` };
}

export interface JudgedNode {
  readonly node: string;
  readonly verdict: Verdict;
}

/** Of the nodes of a wave together. @param spentMs since its operation ended */
export function judgeWave(judged: readonly JudgedNode[], { soakMs, deadlineMs }: Rollout['gates'], spentMs: number) {
  const first = (kind: Verdict['kind']): { readonly node: string; readonly reason: string } | undefined =>
    judged.flatMap(({ node, verdict }) =>
      verdict.kind !== 'holds' && verdict.kind === kind ? [{ node, reason: verdict.reason }] : [],
    )[0];
  const broken = first('broken');
  if (broken !== undefined) return { kind: 'broken', reason: told(broken) } as const;
  const outdated = first('outdated');
  if (outdated !== undefined) return { kind: 'unclear', reason: told(outdated) } as const;
  const late = first('not-yet');
  const unclear = first('unclear');
  const isOver = spentMs >= soakMs + deadlineMs;
  if (late !== undefined) return { kind: isOver ? 'broken' : 'not-yet', reason: told(late) } as const;
  if (unclear !== undefined) return { kind: isOver ? 'unclear' : 'not-yet', reason: told(unclear) } as const;
  if (spentMs < soakMs) return { kind: 'not-yet', reason: 'it runs for a while before it counts' } as const;
  return { kind: 'holds' } as const;
}

const told = ({ node, reason }: { readonly node: string; readonly reason: string }) => `${node}: ${reason}`;
