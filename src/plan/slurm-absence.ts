/** Nodes that leave by an order of ours, and come back: what Slurm is told of them. */
import type { Event } from '../model/event.ts';
import { isDrained, offReason, reasonOwner, slurmReturn, type SlurmNodeState } from './slurm-state.ts';

export interface Absence {
  /** Number of the event that says so. */
  readonly event: number;
  readonly sinceMs: number;
  /** Its switch did not do it: it has not left. */
  readonly isCalledOff: boolean;
  /** Slurm was seen to give it no jobs. */
  readonly isSettled: boolean;
}

/** By name of the node. */
export type Absences = ReadonlyMap<string, Absence>;

export const absenceKinds = [
  'node.shutting-down',
  'node.power-asked',
  'node.power-off',
  'node.power-failed',
  'node.removed',
] as const;

/** @param events of any kind and in any order: of each node the newest counts */
export function withEvents(absences: Absences, events: readonly Event[]): Absences {
  const after = new Map(absences);
  for (const event of events) {
    const { id, node, atMs: sinceMs } = event;
    const does = whatItDoes(event);
    if (node === undefined || does === 'nothing' || id < (after.get(node)?.event ?? 0)) continue;
    after.set(node, { event: id, sinceMs, isCalledOff: does === 'stays', isSettled: false });
  }
  return after;
}

function whatItDoes({ kind, fields }: Event): 'leaves' | 'stays' | 'nothing' {
  if (['node.shutting-down', 'node.power-off', 'node.removed'].includes(kind)) return 'leaves';
  if (fields['action'] !== 'cycle') return 'nothing';
  // It is off for some seconds from then on; the event of its end comes when it has its power again.
  if (kind === 'node.power-asked') return 'leaves';
  return kind === 'node.power-failed' ? 'stays' : 'nothing';
}

export interface AbsenceFacts {
  readonly isCompute: boolean;
  readonly lastBootMs: number | undefined;
  /** Its heartbeats go on. */
  readonly isHeard: boolean;
  readonly isReady: boolean;
  readonly isInOperation: boolean;
  /** The whole cluster is down: operations leave its nodes to whoever shuts them down. */
  readonly isHeld: boolean;
}

/** Slurm is asked about a node that is away or back; of one that is under way there is nothing to say yet. */
export type Whereabouts = 'away' | 'back' | 'under-way';

/** @param facts undefined: it was removed */
export function whereaboutsOf(absence: Absence, facts: AbsenceFacts | undefined, nowMs: number): Whereabouts {
  if (facts === undefined) return 'away';
  const { isCompute, isReady, isHeard, isInOperation, isHeld } = facts;
  if (!isCompute) return 'under-way';
  if (!hasLeft(absence, facts, nowMs)) return isReady && !isInOperation && !isHeld ? 'back' : 'under-way';
  // An operation drains the node that it restarts, and gives it back.
  if (isInOperation && !isHeld) return 'under-way';
  return absence.isSettled && !isHeard ? 'under-way' : 'away';
}

/** It has taken the order and runs on: systemd waits a minute and a half for a unit that does not end. */
const shutdownLimitMs = 5 * 60_000;

function hasLeft(
  { isCalledOff, sinceMs }: Absence,
  { lastBootMs, isHeard }: Pick<AbsenceFacts, 'lastBootMs' | 'isHeard'>,
  nowMs: number,
): boolean {
  const hasBooted = lastBootMs !== undefined && lastBootMs > sinceMs;
  return !isCalledOff && !hasBooted && !(isHeard && nowMs - sinceMs >= shutdownLimitMs);
}

/** `settled`: as it should be until the node is back. `over`: nothing of the absence is left. */
export type AbsenceMove = 'down' | 'resume' | 'wait' | 'settled' | 'over';

/** @param known undefined: Slurm does not know it */
export function decideAbsence(
  where: Exclude<Whereabouts, 'under-way'>,
  known: SlurmNodeState | undefined,
  isRemoved: boolean,
): AbsenceMove {
  if (where === 'back') return moveBack(known);
  if (known !== undefined && mayBeSetDown(known)) return 'down';
  return isRemoved ? 'over' : 'settled';
}

/** What is down for Slurm's own reason gets ours, which says more. */
function mayBeSetDown(known: SlurmNodeState): boolean {
  if (isDrained(known)) return false;
  return known.base !== 'DOWN' || ['nobody', 'slurm'].includes(reasonOwner(known));
}

function moveBack(known: SlurmNodeState | undefined): AbsenceMove {
  if (known === undefined) return 'over';
  const now = slurmReturn(known);
  if (now === 'absent') return 'wait';
  return now === 'to-resume' && !isDrained(known) && known.reason === offReason ? 'resume' : 'over';
}
