/** Where does a node stand? Read off its boots. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { Heartbeat, NodeStatus, PublicBoot } from '../model/node-status.ts';
import { isWaiting } from './boot-deadlines.ts';
import { hasKernelReported } from './boot-timeline.ts';

export interface NodeFacts {
  /** Its boots, oldest first. */
  readonly boots: readonly Boot[];
  readonly desired: Generation | undefined;
  /** Why nothing can be desired. */
  readonly refusal: string | undefined;
  /** What has still to be made before it can boot. */
  readonly preparing?: string | undefined;
  /** What `runsGeneration` names; undefined: nothing, or it is not known any more. */
  readonly runs: Generation | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  /** Heartbeats are due and do not come. */
  readonly isSilent?: boolean | undefined;
  readonly rebootFailed?: NodeStatus['rebootFailed'];
  /** Why a board that may be its is not answered. */
  readonly conflict?: string | undefined;
}

/** Of the boot whose kernel spoke last: the node runs it as far as is known. @param boots of one node, oldest first */
export function runsGeneration(boots: readonly Boot[]): string | undefined {
  return boots.findLast(hasKernelReported)?.generation;
}

export function decideNodeStatus(facts: NodeFacts): NodeStatus {
  const { boots, desired, runs } = facts;
  const last = boots.at(-1);
  const heartbeat = facts.heartbeat?.boot === last?.id ? facts.heartbeat : undefined;
  return {
    state: decideState(facts, last, heartbeat),
    desired: desired && { generation: desired.id, image: imageOf(desired), ...rootOf(desired) },
    running: runs && { generation: runs.id, image: imageOf(runs), role: runs.role, ...rootOf(runs) },
    lastBoot: last && withoutToken(last),
    heartbeat,
    rebootFailed: stillTrue(facts.rebootFailed, last),
    reason: decideReason(facts, last, heartbeat),
  };
}

/** A boot that began later is the reboot, whoever has made it. */
function stillTrue(failed: NodeStatus['rebootFailed'], last: Boot | undefined): NodeStatus['rebootFailed'] {
  return last !== undefined && failed !== undefined && failed.atMs < last.startedAtMs ? undefined : failed;
}

function decideState(
  { isSilent = false, refusal }: NodeFacts,
  last: Boot | undefined,
  heartbeat: Heartbeat | undefined,
): NodeStatus['state'] {
  if (isSilent) return 'silent';
  // A node that speaks knows best; one that still starts does not know that it is late.
  if (heartbeat !== undefined && heartbeat.phase !== 'userspace') return heartbeat.phase;
  if (heartbeat !== undefined) return last?.closed?.reason === 'failed' ? 'failed' : 'booting';
  return stateOf(last, refusal);
}

function decideReason(
  { isSilent = false, refusal, conflict, preparing }: NodeFacts,
  last: Boot | undefined,
  heartbeat: Heartbeat | undefined,
): string | undefined {
  if (refusal !== undefined) return refusal;
  if (last === undefined) return conflict ?? preparing;
  if (isSilent) return 'its heartbeats have stopped';
  // What its boot failed of is over when it is ready.
  if (heartbeat?.phase === 'ready') return heartbeat.detail;
  return heartbeat?.detail ?? whatWentWrong(last);
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
    return isWaiting(last) ? 'waiting' : 'booting';
  }
  const end = last?.closed && stateOfEnd[last.closed.reason];
  if (end === 'up' || end === 'ready') return end;
  return refusal === undefined ? (end ?? 'new') : 'refused';
}

function whatWentWrong({ phases, closed }: Boot): string | undefined {
  const now = phases.at(-1);
  if (closed === undefined) return now?.phase === 'waiting' ? now.detail : undefined;
  return closed.reason === 'restarted' ? undefined : closed.cause;
}

export function withoutToken({ token: _token, key: _key, nonce: _nonce, ...rest }: Boot): PublicBoot {
  return rest;
}

const rootOf = ({ rootMode }: Generation) => (rootMode === 'shared' ? {} : { root: rootMode });

const imageOf = ({ image }: Generation) => `${image.name}@${image.version}`;
