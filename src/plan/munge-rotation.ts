/** The next thing to do for a rotation of the munge key. Asked again after each step and each piece of news; it remembers nothing. */
import { unreachable } from '../model/errors.ts';
import type { MungeRotation } from '../model/munge-rotation.ts';
import { compressHostlist } from './hostlist.ts';
import { closeMove, openMove } from './munge-partitions.ts';
import type { HolderFacts, MungeAt, MungeMove, RotationFacts } from './munge-move.ts';

/** A node that is heard has the key within a second, and ten more when it restarts munged at that moment. */
const restartLimitMs = 60_000;
const pushLimitMs = 60_000;

/** What fails on more of them, and on more than one, is not the fault of a board. */
const tolerated = 0.2;

export function mungeMove(rotation: MungeRotation, facts: RotationFacts): MungeMove {
  const current = rotation.steps.at(-1);
  if (current === undefined || current.endedAtMs !== undefined) return { kind: 'wait', detail: 'it has ended' };
  const at: MungeAt = { rotation, facts, spentMs: facts.nowMs - current.startedAtMs };
  switch (current.step) {
    case 'close':
      return closeMove(at);
    case 'push':
      return pushMove(at);
    case 'restart':
      return restartMove(at);
    case 'open':
      return openMove(at, false);
    case 'push-back':
      return pushBackMove(at);
    case 'restart-back':
      return restartBackMove(at);
    case 'open-back':
      return openMove(at, true);
    default:
      return unreachable(current.step);
  }
}

function pushMove({ rotation, facts, spentMs }: MungeAt): MungeMove {
  if (rotation.state === 'stopping') return { kind: 'next', outcome: 'skipped', next: 'push-back' };
  if (facts.given === 'new') return { kind: 'next', outcome: 'done', next: 'restart' };
  if (spentMs < pushLimitMs) return { kind: 'act', act: 'push', detail: 'the new key is made', partitions: [] };
  return {
    kind: 'next',
    outcome: 'failed',
    next: 'push-back',
    reason: 'the new key could not be written',
    hint: 'Look for free space in the state directory, and into the log of the service.',
  };
}

function restartMove({ rotation, facts: { holders }, spentMs }: MungeAt): MungeMove {
  if (rotation.state === 'stopping') return { kind: 'next', outcome: 'skipped', next: 'push-back' };
  const missing = withoutKey(holders, 'new');
  const detail = renderProgress(holders, missing);
  if (missing.length > 0 && spentMs < restartLimitMs) return { kind: 'wait', detail };
  const reason = whyBack(rotation, holders, missing);
  if (reason === undefined) return { kind: 'next', outcome: 'done', detail, next: 'open' };
  const hint = 'See "journalctl -u pi-image-agent -u munge" there.';
  return { kind: 'next', outcome: 'failed', detail, next: 'push-back', reason, hint };
}

/** Without its controller on the new key Slurm would have none of its nodes; undefined: it can go on. */
function whyBack(
  { partitions }: MungeRotation,
  holders: readonly HolderFacts[],
  missing: readonly HolderFacts[],
): string | undefined {
  const controller = partitions.length === 0 ? undefined : holders.find(({ isController }) => isController);
  if (controller !== undefined && controller.holds !== 'new') {
    const why = controller.isRunning ? 'did not restart munged with the new key' : 'is not heard any more';
    return `${controller.node}, the Slurm controller, ${why}`;
  }
  const running = holders.filter(({ isRunning }) => isRunning).length;
  if (missing.length <= Math.max(1, running * tolerated)) return undefined;
  return `${missing.length} of ${running} nodes did not restart munged with the new key: ${namesOf(missing)}`;
}

function pushBackMove({ facts }: MungeAt): MungeMove {
  if (facts.given === 'old') return { kind: 'next', outcome: 'done', next: 'restart-back' };
  // Partitions stay closed until it works: half of the cluster with one key and half with the other runs nothing.
  return { kind: 'act', act: 'push-back', detail: 'the old key comes back', partitions: [] };
}

function restartBackMove({ facts: { holders }, spentMs }: MungeAt): MungeMove {
  const missing = withoutKey(holders, 'old');
  const detail = renderProgress(holders, missing);
  if (missing.length > 0 && spentMs < restartLimitMs) return { kind: 'wait', detail };
  return { kind: 'next', outcome: missing.length > 0 ? 'failed' : 'done', detail, next: 'open-back' };
}

/** Those that run, and have another one. */
function withoutKey(holders: readonly HolderFacts[], key: 'old' | 'new'): HolderFacts[] {
  return holders.filter(({ isRunning, holds }) => isRunning && holds !== key);
}

function renderProgress(holders: readonly HolderFacts[], missing: readonly HolderFacts[]): string {
  const running = holders.filter(({ isRunning }) => isRunning).length;
  const has = `${running - missing.length} of ${running} have restarted munged`;
  return missing.length === 0 ? has : `${has}; not yet: ${namesOf(missing)}`;
}

const namesOf = (holders: readonly HolderFacts[]) => compressHostlist(holders.map(({ node }) => node));
