/** Closes partitions before another munge key comes, and opens the same ones again. Jobs that run in them run on. */
import type { MungeAt, MungeMove, MungeStepEnd } from './munge-move.ts';

const closeLimitMs = 60_000;

/** slurmctld is busy when all its nodes register anew. */
const openLimitMs = 3 * 60_000;

export function closeMove({ rotation, facts, spentMs }: MungeAt): MungeMove {
  if (rotation.state === 'stopping') return { kind: 'next', outcome: 'skipped', next: 'open-back' };
  if (rotation.partitions.length === 0) return { kind: 'next', outcome: 'skipped', next: 'push' };
  const { partitions: known } = facts;
  const isLate = spentMs >= closeLimitMs;
  if (known.kind !== 'known') {
    const reason = known.kind === 'none' ? 'no node is the Slurm controller' : known.reason;
    return isLate ? notClosed(reason) : { kind: 'wait', detail: `Slurm does not answer: ${reason}` };
  }
  const up = rotation.partitions.filter((name) => known.states.get(name) === 'UP');
  if (up.length === 0) return { kind: 'next', outcome: 'done', next: 'push' };
  if (isLate) return notClosed(`${up.join(', ')} stayed up`);
  return { kind: 'act', act: 'close', detail: `no job starts in ${up.join(', ')}`, partitions: up };
}

function notClosed(why: string): MungeMove {
  return {
    kind: 'next',
    outcome: 'failed',
    next: 'open-back',
    reason: `the partitions could not be closed: ${why}`,
    hint: 'See the log of slurmctld. No key was changed.',
  };
}

/** @param isBack the old key is everybody's again */
export function openMove(at: MungeAt, isBack: boolean): MungeMove {
  const { rotation, facts, spentMs } = at;
  const names = rotation.partitions;
  if (names.length === 0) return ended(at, isBack, 'skipped');
  const isLate = spentMs >= openLimitMs;
  if (facts.partitions.kind !== 'known') {
    const reason = facts.partitions.kind === 'none' ? 'no node is the Slurm controller' : facts.partitions.reason;
    return isLate ? notOpened(names, reason) : { kind: 'wait', detail: `Slurm does not answer: ${reason}` };
  }
  const { states } = facts.partitions;
  // Whoever has drained one meanwhile, or made it inactive, wants it so.
  const down = names.filter((name) => states.get(name) === 'DOWN');
  if (down.length === 0) return ended(at, isBack, 'done');
  if (isLate) return notOpened(down, 'they stayed down');
  return { kind: 'act', act: 'open', detail: `jobs start in ${down.join(', ')} again`, partitions: down };
}

function notOpened(names: readonly string[], why: string): MungeStepEnd {
  const hint = names.map((name) => `scontrol update partitionname=${name} state=up`).join('; ');
  const reason = `the partitions ${names.join(', ')} could not be opened again: ${why}`;
  return { kind: 'end', state: 'failed', outcome: 'failed', reason, hint: `Run on the controller: ${hint}` };
}

function ended({ rotation }: MungeAt, isBack: boolean, outcome: 'done' | 'skipped'): MungeStepEnd {
  if (!isBack) return { kind: 'end', state: 'done', outcome };
  return { kind: 'end', state: rotation.state === 'stopping' ? 'cancelled' : 'failed', outcome };
}
