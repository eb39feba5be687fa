/** The journal of a rotation: what a move writes into it, and where its nodes stand. */
import type { MungeNode, MungeRotation, MungeStep, MungeStepName } from '../model/munge-rotation.ts';
import type { State } from '../model/state.ts';
import { compressHostlist } from './hostlist.ts';
import type { HolderFacts, MungeMove, MungeStepEnd, RotationFacts } from './munge-move.ts';

type Rotations = Pick<State, 'mungeRotations'>;

/** undefined: none goes on. */
export function openRotation({ mungeRotations }: Rotations): MungeRotation | undefined {
  return Object.values(mungeRotations).find(({ endedAtMs }) => endedAtMs === undefined);
}

/** Newest first. */
export function listRotations({ mungeRotations }: Rotations): MungeRotation[] {
  return Object.values(mungeRotations).toSorted((a, b) => Number(b.id) - Number(a.id));
}

/** So many that have ended are kept to look back at. */
const keptRotations = 20;

export function forgetRotations(rotations: State['mungeRotations']): State['mungeRotations'] {
  const newest = listRotations({ mungeRotations: rotations }).slice(0, keptRotations);
  return Object.fromEntries(newest.map((rotation) => [rotation.id, rotation]));
}

export function withRotation<T extends Rotations>(state: T, rotation: MungeRotation): T {
  return { ...state, mungeRotations: { ...state.mungeRotations, [rotation.id]: rotation } };
}

/** The same object when there is nothing to write down. */
export function applyMungeMove(rotation: MungeRotation, move: MungeMove, facts: RotationFacts): MungeRotation {
  const before = rotation.steps.at(-1);
  if (before === undefined) return rotation;
  const nodes = nodesNow(rotation, before.step, facts.holders);
  if (move.kind === 'wait' || move.kind === 'act') {
    if (before.detail === move.detail && nodes === rotation.nodes) return rotation;
    return withLast({ ...rotation, nodes }, { ...before, detail: move.detail });
  }
  return endStep(rotation, move, facts);
}

function endStep(rotation: MungeRotation, move: MungeStepEnd, { nowMs, holders }: RotationFacts): MungeRotation {
  const before = rotation.steps.at(-1);
  if (before === undefined) return rotation;
  const { detail: _waited, ...rest } = before;
  const { outcome, detail, reason, hint } = move;
  const step: MungeStep = { ...rest, endedAtMs: nowMs, outcome, ...(detail !== undefined && { detail }) };
  const told = { ...(reason !== undefined && { reason }), ...(hint !== undefined && { hint }) };
  const after = withLast({ ...rotation, ...told, nodes: nodesThen(rotation, before.step, holders) }, step);
  if (move.kind === 'next') return { ...after, steps: [...after.steps, { step: move.next, startedAtMs: nowMs }] };
  const late = move.state === 'done' ? lateNodes(after.nodes) : {};
  return { ...after, ...late, state: move.state, endedAtMs: nowMs };
}

function withLast(rotation: MungeRotation, last: MungeStep): MungeRotation {
  return { ...rotation, steps: [...rotation.steps.slice(0, -1), last] };
}

/** Done, and some nodes still have it before them. */
function lateNodes(nodes: MungeRotation['nodes']): { reason?: string } {
  const late = nodes.filter(({ state }) => state === 'next-boot').map(({ node }) => node);
  return late.length === 0 ? {} : { reason: `at their next boot: ${compressHostlist(late)}` };
}

/** While a step goes on. */
function nodesNow(
  rotation: MungeRotation,
  step: MungeStepName,
  holders: readonly HolderFacts[],
): MungeRotation['nodes'] {
  if (step !== 'restart') return rotation.nodes;
  return sameOrNew(
    rotation.nodes,
    holders.map(({ node, isRunning, holds }): MungeNode => {
      if (holds === 'new') return { node, state: 'restarted' };
      return isRunning ? { node, state: 'waiting' } : { node, state: 'next-boot', detail: 'it is not heard' };
    }),
  );
}

/** When a step has ended: whoever did not answer waits for his next boot. */
function nodesThen(
  rotation: MungeRotation,
  step: MungeStepName,
  holders: readonly HolderFacts[],
): MungeRotation['nodes'] {
  if (step === 'restart') {
    return holders.map(({ node, isRunning, holds }): MungeNode => {
      if (holds === 'new') return { node, state: 'restarted' };
      const detail = isRunning ? 'it did not restart munged in time' : 'it is not heard';
      return { node, state: 'next-boot', detail };
    });
  }
  if (step !== 'restart-back') return rotation.nodes;
  return holders.map(({ node, isRunning, holds }): MungeNode => {
    if (holds === 'old') return { node, state: 'kept' };
    return { node, state: 'next-boot', detail: isRunning ? 'it did not restart munged in time' : 'it is not heard' };
  });
}

function sameOrNew(before: MungeRotation['nodes'], after: readonly MungeNode[]): MungeRotation['nodes'] {
  const isSame =
    before.length === after.length &&
    after.every(({ node, state }, index) => before[index]?.node === node && before[index]?.state === state);
  return isSame ? before : [...after];
}

/** Steps from which the old key still comes back; afterwards every munged has the new one, or gets the old one anyway. */
const canStop: ReadonlySet<MungeStepName> = new Set(['close', 'push', 'restart']);

export function canCancel({ steps, endedAtMs }: MungeRotation): boolean {
  const step = steps.at(-1)?.step;
  return endedAtMs === undefined && step !== undefined && canStop.has(step);
}
