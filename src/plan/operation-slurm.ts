/** Takes a node away from Slurm before it changes, and gives it back when it is up. */
import type { DrainPolicy } from '../model/operation.ts';
import { wait, type At, type Move } from './operation-move.ts';
import {
  hasJobs,
  isAdministrators,
  isDrained,
  isDrainedByOthers,
  slurmReturn,
  type SlurmNodeState,
} from './slurm-state.ts';

export function drainMove(at: At): Move {
  const { node, operation, facts } = at;
  const { slurm, wasCompute } = facts;
  if (operation.state === 'stopping') return giveUpDrain(at, operation.reason ?? 'the operation was stopped');
  if (!wasCompute || slurm.kind === 'none') return { kind: 'next', outcome: 'skipped', next: 'set' };
  if (slurm.kind === 'unknown') return drainUnasked(at, slurm.reason);
  // Slurm gives jobs to no node that it does not know.
  if (slurm.node === undefined) {
    return { kind: 'next', outcome: 'skipped', detail: 'Slurm does not know it', next: 'set' };
  }
  if (hasJobs(slurm.node)) return jobsMove(at, slurm.node);
  if (!isDrained(slurm.node)) return drainOrOthers(slurm.node);
  const staysDrained = node.staysDrained ?? isDrainedByOthers(slurm.node);
  return { kind: 'next', outcome: 'done', next: 'set', ...(staysDrained && { staysDrained }) };
}

const drain: Move = { kind: 'act', act: 'drain', detail: 'it gets no new jobs' };

/** A drain has a reason, and there is room for one: what an administrator has set down takes no jobs, and is left so. */
function drainOrOthers(known: SlurmNodeState): Move {
  if (!isAdministrators(known)) return drain;
  const detail = 'an administrator has set it down';
  return { kind: 'next', outcome: 'done', detail, next: 'set', staysDrained: true };
}

const isOverdue = ({ operation, spentMs }: At): boolean => spentMs >= operation.drainDeadlineMs;

function drainUnasked(at: At, reason: string): Move {
  if (!isOverdue(at)) return wait(`Slurm does not answer: ${reason}`);
  if (at.operation.drain === 'force') return { kind: 'next', outcome: 'failed', detail: reason, next: 'set' };
  return giveUpDrain(at, `Slurm could not be asked whether ${at.node.node} has jobs: ${reason}`);
}

function jobsMove(at: At, known: SlurmNodeState): Move {
  const { node, operation } = at;
  const limitSeconds = Math.round(operation.drainDeadlineMs / 1000);
  // Before anything else: one that was given back is not drained again.
  if (isOverdue(at) && operation.drain === 'wait') {
    return giveUpDrain(at, `jobs still ran on ${node.node} after ${limitSeconds} s`);
  }
  if (!isDrained(known)) return drain;
  return endJobs(operation.drain, isOverdue(at));
}

function endJobs(policy: DrainPolicy, late: boolean): Move {
  if (policy === 'requeue') return { kind: 'act', act: 'requeue-jobs', detail: 'its jobs go back into the queue' };
  if (!late) return wait('its jobs run to their end');
  return { kind: 'act', act: 'cancel-jobs', detail: 'the time for its jobs is over' };
}

const takesJobs: Move = { kind: 'act', act: 'resume', detail: 'it takes jobs again' };

/** Nothing was changed yet: it takes jobs again, and that is all. */
function giveUpDrain({ facts: { slurm } }: At, cause: string): Move {
  const known = slurm.kind === 'known' ? slurm.node : undefined;
  if (known !== undefined && isDrained(known) && !isDrainedByOthers(known)) return takesJobs;
  const hint = 'Try again with a longer --drain-deadline, or with --drain requeue or force.';
  return { kind: 'end', outcome: 'failed', result: 'kept', cause, hint };
}

/** slurmd registers with the controller seconds after it has started. */
const resumeLimitMs = 3 * 60_000;

/** @param isBack in the role that it had */
export function resumeMove({ node, facts, watchedMs }: At, isBack: boolean): Move {
  const { slurm, isCompute, wasCompute } = facts;
  const result = isBack ? 'fell-back' : 'done';
  const skip = (detail?: string): Move => ({ kind: 'end', outcome: 'skipped', detail, result });
  if (!(isBack ? wasCompute : isCompute) || slurm.kind === 'none') return skip();
  if (node.staysDrained === true) return skip('an administrator has drained it');
  const isLate = watchedMs >= resumeLimitMs;
  if (slurm.kind === 'unknown') return isLate ? notTakenBack(slurm.reason, isBack) : wait(slurm.reason);
  const now = slurmReturn(slurm.node);
  if (now === 'available') return { kind: 'end', outcome: 'done', result };
  if (now === 'others') return skip('somebody else has drained it');
  if (isLate) return notTakenBack(undefined, isBack);
  return now === 'to-resume' ? takesJobs : wait('slurmd registers');
}

function notTakenBack(reason: string | undefined, isBack: boolean): Move {
  const cause = reason === undefined ? 'it is up, and Slurm does not take it back' : `Slurm does not answer: ${reason}`;
  const hint = 'See "sinfo -R" and the log of slurmctld.';
  return { kind: 'end', outcome: 'failed', detail: cause, result: isBack ? 'fell-back' : 'failed', cause, hint };
}
