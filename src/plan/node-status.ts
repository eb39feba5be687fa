/** Where does a node stand? Read off its boots. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { Heartbeat, NodeStatus, PublicBoot } from '../model/node-status.ts';
import { hasKernelReported } from './boot-timeline.ts';

export interface NodeFacts {
  /** Its boots, oldest first. */
  readonly boots: readonly Boot[];
  readonly desired: Generation | undefined;
  /** Why nothing can be desired. */
  readonly refusal: string | undefined;
  readonly generations: ReadonlyMap<string, Generation>;
  readonly heartbeat?: Heartbeat | undefined;
  /** Heartbeats are due and do not come. */
  readonly isSilent?: boolean | undefined;
}

export function decideNodeStatus(facts: NodeFacts): NodeStatus {
  const { boots, desired, refusal, generations, isSilent = false } = facts;
  const last = boots.at(-1);
  const heartbeat = facts.heartbeat?.boot === last?.id ? facts.heartbeat : undefined;
  const runs = generations.get(boots.findLast(hasKernelReported)?.generation ?? '');
  return {
    state: isSilent ? 'silent' : (stateNow(heartbeat) ?? stateOf(last, refusal)),
    desired: desired && { generation: desired.id, image: imageOf(desired) },
    running: runs && { generation: runs.id, image: imageOf(runs), role: runs.role },
    lastBoot: last && withoutToken(last),
    heartbeat,
    reason: refusal ?? heartbeat?.detail ?? (last && whatWentWrong(last)),
  };
}

/** A node that speaks knows best. */
function stateNow(heartbeat: Heartbeat | undefined): NodeStatus['state'] | undefined {
  return heartbeat?.phase === 'userspace' ? 'booting' : heartbeat?.phase;
}

const stateOfEnd = {
  ready: 'ready',
  'handed-over': 'up',
  failed: 'failed',
  silent: 'silent',
  restarted: 'silent',
} as const;

function stateOf(last: Boot | undefined, refusal: string | undefined): NodeStatus['state'] {
  if (last !== undefined && last.closed === undefined) {
    return last.phases.at(-1)?.phase === 'waiting' ? 'waiting' : 'booting';
  }
  const end = last?.closed && stateOfEnd[last.closed.reason];
  if (end === 'up' || end === 'ready') return end;
  return refusal === undefined ? (end ?? 'new') : 'refused';
}

function whatWentWrong({ phases, closed }: Boot): string | undefined {
  if (closed?.reason === 'failed') return phases.find(({ phase }) => phase === 'failed')?.detail;
  if (closed?.reason === 'silent') return `nothing was heard of it after ${phases.at(-1)?.phase ?? 'its first packet'}`;
  return undefined;
}

export function withoutToken({ token: _token, key: _key, ...rest }: Boot): PublicBoot {
  return rest;
}

const imageOf = ({ image }: Generation) => `${image.name}@${image.version}`;
