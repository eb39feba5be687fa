/** Restarts a node into what it is to be, judges what becomes of it, and brings it back where that fails. */
import { hasKernelReported } from './boot-timeline.ts';
import { wait, type At, type Move, type OperationFacts } from './operation-move.ts';

/** A node whose order to reboot gets lost is told again; one that cannot be told in this time is given up. */
const rebootLimitMs = 4 * 60_000;

/** A boot may fail before the kernel and be tried again by the firmware: so many deadlines for all of them. */
const bootLimitFactor = 3;

/** @param isBack to the role that it had */
export function rebootMove(at: At, isBack: boolean): Move {
  const { facts, sinceMs, spentMs } = at;
  // An order that never reached it has left it as it was.
  if (isUp(facts)) return { kind: 'next', outcome: 'skipped', next: isBack ? 'resume-back' : 'resume' };
  if (facts.lastBoot !== undefined && facts.lastBoot.startedAtMs >= sinceMs) {
    return { kind: 'next', outcome: 'done', next: isBack ? 'boot-back' : 'boot' };
  }
  // A board that tries boot after boot has the next one without being told.
  if (facts.status.state === 'booting') return wait('it boots already');
  const { reboot } = facts;
  if (reboot.kind === 'off' && !isBack) {
    return { kind: 'end', outcome: 'skipped', detail: `${reboot.reason}; its next boot is the change`, result: 'done' };
  }
  return spentMs < rebootLimitMs ? order(facts) : notRebooted(facts, isBack);
}

function order({ reboot, rebootFailed }: OperationFacts): Move {
  // What died in its initramfs, or hangs, is restarted by its watchdog.
  if (reboot.kind === 'off') return wait('it restarts by itself');
  return { kind: 'act', act: 'reboot', detail: rebootFailed?.reason ?? 'it is told to reboot' };
}

function notRebooted({ rebootFailed }: OperationFacts, isBack: boolean): Move {
  const cause = rebootFailed?.reason ?? 'it was to reboot and did not';
  const failed = {
    outcome: 'failed',
    detail: cause,
    hint: rebootFailed?.hint ?? 'Switch its power off and on.',
  } as const;
  return isBack ? { kind: 'end', ...failed, result: 'failed' } : { kind: 'next', ...failed, cause, next: 'revert' };
}

export function bootMove({ facts, spentMs }: At): Move {
  const { status, lastBoot, bootDeadlineMs } = facts;
  if (isUp(facts)) return { kind: 'next', outcome: 'done', next: 'resume' };
  // What it waits for is not on the node.
  if (status.state === 'waiting') return wait(status.reason ?? 'it waits');
  const isLate = spentMs >= bootDeadlineMs * bootLimitFactor;
  const hasFailed = lastBoot?.closed?.reason === 'failed' || status.state === 'failed';
  return isLate || hasFailed ? notUp(facts, isLate) : wait(phaseOf(facts));
}

function notUp(facts: OperationFacts, isLate: boolean): Move {
  const cause = causeOf(facts);
  const failed = { outcome: 'failed', cause, hint: facts.lastBoot?.closed?.hint ?? 'Ask "pi-image doctor".' } as const;
  if (isToBlame(facts)) return { kind: 'next', ...failed, detail: cause, next: 'revert' };
  return isLate ? { kind: 'end', ...failed, result: 'failed' } : wait(cause);
}

/** Before its kernel has spoken nothing of the role is to blame, and its firmware tries again. */
function isToBlame({ status, lastBoot }: OperationFacts): boolean {
  return lastBoot !== undefined && lastBoot.generation === status.desired?.generation && hasKernelReported(lastBoot);
}

function causeOf(facts: OperationFacts): string {
  const { status, lastBoot } = facts;
  return lastBoot?.closed?.cause ?? status.reason ?? `it did not come up: ${phaseOf(facts)}`;
}

export function bootBackMove({ facts, spentMs }: At): Move {
  const { status, bootDeadlineMs } = facts;
  if (isUp(facts)) return { kind: 'next', outcome: 'done', next: 'resume-back' };
  if (spentMs < bootDeadlineMs * bootLimitFactor) return wait(status.reason ?? phaseOf(facts));
  const detail = `it does not come up in its old role either: ${causeOf(facts)}`;
  return { kind: 'end', outcome: 'failed', result: 'failed', detail, hint: 'Ask "pi-image doctor".' };
}

/** In what it should run; a role without an agent is up when its overlay is applied. */
function isUp({ status: { state, desired, running }, lastBoot }: OperationFacts): boolean {
  if (desired === undefined || (state !== 'ready' && state !== 'up')) return false;
  return running?.generation === desired.generation && lastBoot?.generation === desired.generation;
}

const phaseOf = ({ status: { state }, lastBoot }: OperationFacts): string =>
  state === 'booting' ? `it boots: ${lastBoot?.phases.at(-1)?.phase ?? 'offered'}` : `it is ${state}`;
