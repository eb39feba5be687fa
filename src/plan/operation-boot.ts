/** Restarts a node into what it is to be, judges what becomes of it, and brings it back where that fails. */
import type { Boot } from '../model/boot.ts';
import { holdBoot } from '../model/generation-pin.ts';
import { isWaiting } from './boot-deadlines.ts';
import { hasKernelReported } from './boot-timeline.ts';
import { wait, type At, type Move, type OperationFacts } from './operation-move.ts';

/** A node whose order to reboot gets lost is told again; one that cannot be told in this time is given up. */
const rebootLimitMs = 4 * 60_000;

/** A boot may fail before the kernel and be tried again by the firmware: so many deadlines for all of them. */
const bootLimitFactor = 3;

/** A kernel that panics starts again, and so does one whose watchdog bites; one restart may be an accident. */
const brokenOffLimit = 3;

/** By a board that started again. One that waited for something was not broken off by what it boots. */
function isBrokenOff(boot: Boot): boolean {
  return boot.closed?.reason === 'restarted' && hasKernelReported(boot) && !isWaiting(boot);
}

/** Into what it is to be now, oldest first. */
function triesOf({ status: { desired }, boots }: OperationFacts): Boot[] {
  return boots.filter(({ generation }) => generation === desired?.generation);
}

/** @param isBack to the role that it had */
export function rebootMove(at: At, isBack: boolean): Move {
  const { facts, sinceMs, watchedMs } = at;
  if (isBack && at.node.heldAt === holdBoot) return holdBootMove(at);
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
  return watchedMs < rebootLimitMs ? order(facts) : notRebooted(facts, isBack);
}

/** Nothing proved is left that it could run: people look at it. */
function holdBootMove({ node: { node }, facts, watchedMs }: At): Move {
  const hint = `Look why, then give it a role; or let it boot what its role says: "pi-image rollback ${node} --newest".`;
  if (facts.isInHoldBoot)
    return { kind: 'end', outcome: 'done', detail: 'it waits in the hold boot', hint, result: 'failed' };
  if (watchedMs < Math.max(rebootLimitMs, facts.bootDeadlineMs)) return order(facts);
  const detail = facts.rebootFailed?.reason ?? 'it was to restart into the hold boot and did not';
  return { kind: 'end', outcome: 'failed', detail, hint: `Switch its power off and on. ${hint}`, result: 'failed' };
}

function order({ reboot, rebootFailed, isSwitched }: OperationFacts): Move {
  if (reboot.kind === 'ssh') {
    return { kind: 'act', act: 'reboot', detail: rebootFailed?.reason ?? 'it is told to reboot' };
  }
  if (isSwitched) return { kind: 'act', act: 'reboot', detail: 'its power is switched off and on' };
  // What died in its initramfs, or hangs, is restarted by its watchdog.
  return wait('it restarts by itself');
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

export function bootMove({ facts, watchedMs }: At): Move {
  const { status, lastBoot, bootDeadlineMs } = facts;
  if (isUp(facts)) return { kind: 'next', outcome: 'done', next: 'resume' };
  // What it waits for is not on the node.
  if (status.state === 'waiting') return wait(status.reason ?? 'it waits');
  const broken = triesOf(facts).filter(isBrokenOff);
  if (broken.length >= brokenOffLimit) return keepsRestarting(broken);
  const isLate = watchedMs >= bootDeadlineMs * bootLimitFactor;
  const hasFailed = lastBoot?.closed?.reason === 'failed' || status.state === 'failed';
  return isLate || hasFailed ? notUp(facts, isLate) : wait(phaseOf(facts));
}

const askDoctor = 'Ask "pi-image doctor".';

function keepsRestarting(broken: readonly Boot[]): Move {
  const { cause, hint = askDoctor } = broken.at(-1)?.closed ?? {};
  return goBack(`it has started ${broken.length} times and was never ready: ${cause ?? 'it restarts'}`, hint);
}

const goBack = (cause: string, hint: string): Move => ({
  kind: 'next',
  outcome: 'failed',
  detail: cause,
  cause,
  hint,
  next: 'revert',
});

function notUp(facts: OperationFacts, isLate: boolean): Move {
  const { status, lastBoot } = facts;
  const { cause, hint } = whyNot(facts);
  const hasTried = lastBoot !== undefined && lastBoot.generation === status.desired?.generation;
  // Before its kernel has spoken its firmware tries again. One whose kernel never does is not left at it.
  if (hasTried && (isLate || hasKernelReported(lastBoot))) return goBack(cause, hint);
  return isLate ? { kind: 'end', outcome: 'failed', cause, hint, result: 'failed' } : wait(cause);
}

/** Of the last one that has ended: the next may have begun already. */
function whyNot(facts: OperationFacts): { readonly cause: string; readonly hint: string } {
  const ended = triesOf(facts).findLast(({ closed }) => closed?.cause !== undefined);
  const { cause, hint = askDoctor } = ended?.closed ?? {};
  return { cause: cause ?? facts.status.reason ?? `it did not come up: ${phaseOf(facts)}`, hint };
}

export function bootBackMove({ facts, watchedMs }: At): Move {
  const { status, bootDeadlineMs } = facts;
  if (isUp(facts)) return { kind: 'next', outcome: 'done', next: 'resume-back' };
  if (watchedMs < bootDeadlineMs * bootLimitFactor) return wait(status.reason ?? phaseOf(facts));
  const detail = `it does not come up in its old role either: ${whyNot(facts).cause}`;
  return { kind: 'end', outcome: 'failed', result: 'failed', detail, hint: askDoctor };
}

/** In what it should run; a role without an agent is up when its overlay is applied. */
function isUp({ status: { state, desired, running }, lastBoot }: OperationFacts): boolean {
  if (desired === undefined || (state !== 'ready' && state !== 'up')) return false;
  return running?.generation === desired.generation && lastBoot?.generation === desired.generation;
}

const phaseOf = ({ status: { state }, lastBoot }: OperationFacts): string =>
  state === 'booting' ? `it boots: ${lastBoot?.phases.at(-1)?.phase ?? 'offered'}` : `it is ${state}`;
