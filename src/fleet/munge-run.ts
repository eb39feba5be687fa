/**
 * Carries a rotation of the munge key out: looks, does what `plan/munge-rotation.ts` says, and writes each step down before
 * the next begins. A service that was killed finds its step and goes on: each may be done twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { RotatingSecret } from '../host/rotating-secret.ts';
import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import { unreachable } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { MungeRotation } from '../model/munge-rotation.ts';
import type { State } from '../model/state.ts';
import { applyMungeMove, openRotation, withRotation } from '../plan/munge-journal.ts';
import type { MungeKeys } from '../plan/munge-key.ts';
import type { HolderFacts, MungeMove, MungeStepEnd, PartitionFacts, RotationFacts } from '../plan/munge-move.ts';
import { mungeMove } from '../plan/munge-rotation.ts';
import type { PartitionControl } from './munge-slurm.ts';

export interface RotationDeps {
  readonly state: Pick<StateFile, 'current' | 'update' | 'amend'>;
  readonly partitions: PartitionControl;
  /** Of this rotation; nodes are told soon after a push. */
  readonly keysOf: (rotation: MungeRotation) => RotatingSecret;
  readonly holders: (rotation: MungeRotation, keys: MungeKeys) => readonly HolderFacts[];
  /** Old keys that nobody needs any more. @param keep ids of rotations that go on */
  readonly forget: (keep: readonly string[]) => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
}

const lookMs = 1000;

/** A part of the service: runs until the signal. */
export async function runRotations(deps: RotationDeps, signal: AbortSignal, lookEveryMs = lookMs): Promise<void> {
  let isTidy = false;
  while (!signal.aborted) {
    const rotation = openRotation(deps.state.current());
    if (rotation !== undefined) {
      isTidy = false;
      await lookAtRotation(deps, rotation, signal);
    } else if (!isTidy) {
      await deps.forget([]);
      isTidy = true;
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** One look. Exported for tests, which have no time to wait. */
export async function lookAtRotation(deps: RotationDeps, rotation: MungeRotation, signal: AbortSignal): Promise<void> {
  const facts = await gather(deps, rotation, signal);
  if (signal.aborted) return;
  // It may have been cancelled meanwhile.
  const now = deps.state.current().mungeRotations[rotation.id] ?? rotation;
  const move = mungeMove(now, facts);
  if (move.kind === 'next' || move.kind === 'end') return writeStep(deps, now, move, facts);
  note(deps, now, move, facts);
  if (move.kind === 'wait') return;
  try {
    await carryOut(deps, now, move, signal);
  } catch (error) {
    if (signal.aborted) return;
    const reason = describeError(error);
    deps.log.warn('munge.act-failed', { operation: now.id, act: move.act, reason });
    note(deps, deps.state.current().mungeRotations[now.id] ?? now, { kind: 'wait', detail: reason }, facts);
  }
}

function note({ state }: RotationDeps, rotation: MungeRotation, move: MungeMove, facts: RotationFacts): void {
  const after = applyMungeMove(rotation, move, facts);
  if (after !== rotation) state.amend((before) => withRotation(before, after));
}

async function gather(deps: RotationDeps, rotation: MungeRotation, signal: AbortSignal): Promise<RotationFacts> {
  const keys = await deps.keysOf(rotation).read();
  const partitions = await partitionFacts(deps, rotation, signal);
  const holders = deps.holders(rotation, keys);
  return { nowMs: deps.now(), partitions, given: keys.given, holders };
}

const asksSlurm: ReadonlySet<string | undefined> = new Set(['close', 'open', 'open-back']);

async function partitionFacts(
  { partitions }: RotationDeps,
  { partitions: names, steps }: MungeRotation,
  signal: AbortSignal,
): Promise<PartitionFacts> {
  if (names.length === 0 || !asksSlurm.has(steps.at(-1)?.step)) return { kind: 'none' };
  if (!partitions.isThere()) return { kind: 'none' };
  try {
    return { kind: 'known', states: await partitions.states(signal) };
  } catch (error) {
    return { kind: 'unknown', reason: describeError(error) };
  }
}

async function carryOut(
  { partitions, keysOf }: RotationDeps,
  rotation: MungeRotation,
  move: Extract<MungeMove, { kind: 'act' }>,
  signal: AbortSignal,
): Promise<void> {
  switch (move.act) {
    case 'close':
      for (const name of move.partitions) await partitions.close(name, signal);
      return undefined;
    case 'open':
      for (const name of move.partitions) await partitions.open(name, signal);
      return undefined;
    case 'push':
      return keysOf(rotation).push();
    case 'push-back':
      return keysOf(rotation).pushBack();
    default:
      return unreachable(move.act);
  }
}

/** Journal and event in one transaction: killed before it, the step is looked at again; after it, never. */
async function writeStep(
  { state, log }: RotationDeps,
  rotation: MungeRotation,
  move: MungeStepEnd,
  facts: RotationFacts,
): Promise<void> {
  const { id } = rotation;
  const step = rotation.steps.at(-1)?.step;
  const write = (before: State): State => {
    // A cancel that came in between keeps its word: the step after this one sees it.
    const known = before.mungeRotations[id] ?? rotation;
    return withRotation(before, applyMungeMove(known, move, facts));
  };
  const { outcome, detail, reason } = move;
  const fields = { operation: id, step, outcome, detail, reason };
  const events: NewEvent[] = [{ kind: 'operation.step', fields }];
  if (move.kind === 'end')
    events.push({ kind: 'operation.ended', fields: { operation: id, state: move.state, reason } });
  await state.update(write, events);
  log.info('operation.step', fields);
}
