/** Where does a node stand? Read off its boots. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { NodeStatus, PublicBoot } from '../model/node-status.ts';
import { hasKernelReported } from './boot-timeline.ts';

export interface NodeFacts {
  /** Its boots, oldest first. */
  readonly boots: readonly Boot[];
  readonly desired: Generation | undefined;
  /** Why nothing can be desired. */
  readonly refusal: string | undefined;
  readonly generations: ReadonlyMap<string, Generation>;
}

export function decideNodeStatus({ boots, desired, refusal, generations }: NodeFacts): NodeStatus {
  const last = boots.at(-1);
  const runs = generations.get(boots.findLast(hasKernelReported)?.generation ?? '');
  return {
    state: stateOf(last, refusal),
    desired: desired && { generation: desired.id, image: imageOf(desired) },
    running: runs && { generation: runs.id, image: imageOf(runs), role: runs.role },
    lastBoot: last && withoutToken(last),
    reason: refusal ?? (last && whatWentWrong(last)),
  };
}

const stateOfEnd = {
  ready: 'up',
  'handed-over': 'up',
  failed: 'failed',
  silent: 'silent',
  restarted: 'silent',
} as const;

function stateOf(last: Boot | undefined, refusal: string | undefined): NodeStatus['state'] {
  if (last !== undefined && last.closed === undefined) return 'booting';
  const end = last?.closed && stateOfEnd[last.closed.reason];
  if (end === 'up') return end;
  return refusal === undefined ? (end ?? 'new') : 'refused';
}

function whatWentWrong({ phases, closed }: Boot): string | undefined {
  if (closed?.reason === 'failed') return phases.find(({ phase }) => phase === 'failed')?.detail;
  if (closed?.reason === 'silent') return `nothing was heard of it after ${phases.at(-1)?.phase ?? 'its first packet'}`;
  return undefined;
}

export function withoutToken({ token: _secret, ...rest }: Boot): PublicBoot {
  return rest;
}

const imageOf = ({ image }: Generation) => `${image.name}@${image.version}`;
