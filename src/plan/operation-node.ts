/** The next thing to do for one node of an operation. Asked again after each step and each piece of news; it remembers nothing. */
import { unreachable } from '../model/errors.ts';
import type { Operation, OperationNode } from '../model/operation.ts';
import { bootBackMove, bootMove, rebootMove } from './operation-boot.ts';
import { wait, type At, type Move, type OperationFacts } from './operation-move.ts';
import { drainMove, resumeMove } from './operation-slurm.ts';

export function nextMove(node: OperationNode, operation: Operation, facts: OperationFacts): Move {
  const move = moveOf(node, operation, facts);
  if (operation.rollout?.way !== 'back' || move.kind !== 'next' || move.next !== 'revert') return move;
  // What it would go back to is what it is being taken away from.
  const { outcome, detail, cause, hint } = move;
  return { kind: 'end', outcome, detail, cause, hint, result: 'failed' };
}

function moveOf(node: OperationNode, operation: Operation, facts: OperationFacts): Move {
  const current = node.steps.at(-1);
  if (current === undefined || current.endedAtMs !== undefined) return wait('its turn comes');
  const { startedAtMs: sinceMs, step } = current;
  const { nowMs, lookingSinceMs } = facts;
  const watchedMs = nowMs - Math.max(sinceMs, lookingSinceMs);
  const at: At = { node, operation, facts, sinceMs, spentMs: nowMs - sinceMs, watchedMs };
  switch (step) {
    case 'drain':
      return drainMove(at);
    // Both are changes of the state, which end with the transaction that begins the step after them.
    case 'set':
      return { kind: 'next', outcome: 'done', next: 'reboot' };
    case 'revert':
      return { kind: 'next', outcome: 'done', next: 'reboot-back' };
    case 'reboot':
      return rebootMove(at, false);
    case 'reboot-back':
      return rebootMove(at, true);
    case 'boot':
      return bootMove(at);
    case 'boot-back':
      return bootBackMove(at);
    case 'resume':
      return resumeMove(at, false);
    case 'resume-back':
      return resumeMove(at, true);
    default:
      return unreachable(step);
  }
}
