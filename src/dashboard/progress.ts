/** How far an operation or a rollout is: parts of a bar, and words. */
import type { AnyOperation, AnyShownOperation } from '../api/schemas/operation.ts';
import type { ImageBuildStep } from '../model/image-build.ts';
import type { OperationStep } from '../model/operation.ts';
import type { Tone } from './tile.ts';
import { count, renderDuration } from './words.ts';

export interface Part {
  readonly name: string;
  readonly count: number;
  readonly tone: Tone;
}

const tones: Readonly<Record<string, Tone>> = {
  done: 'good',
  running: 'busy',
  'fell-back': 'wait',
  failed: 'bad',
  restarted: 'good',
};

const barOrder = ['done', 'restarted', 'fell-back', 'failed', 'running', 'next-boot', 'skipped', 'kept', 'waiting'];

/** Those that are none are left out. */
export function partsOf(counts: Readonly<Record<string, number>>): Part[] {
  return barOrder
    .map((name): Part => ({ name, count: counts[name] ?? 0, tone: tones[name] ?? 'quiet' }))
    .filter((part) => part.count > 0);
}

export function describeParts(parts: readonly Part[]): string {
  return parts.map((part) => `${part.count} ${part.name.replaceAll('-', ' ')}`).join(', ');
}

const stateTones: Readonly<Record<string, Tone>> = {
  running: 'busy',
  stopping: 'wait',
  paused: 'wait',
  aborting: 'wait',
  done: 'good',
  failed: 'bad',
  'rolled-back': 'bad',
  cancelled: 'quiet',
};

export const toneOfState = (state: string): Tone => stateTones[state] ?? 'quiet';

export const isOpen = ({ state }: { readonly state: string }) =>
  ['running', 'stopping', 'paused', 'aborting'].includes(state);

export function timeOf(
  { startedAtMs, endedAtMs }: { startedAtMs: number; endedAtMs?: number | undefined },
  nowMs: number,
) {
  const spent = renderDuration((endedAtMs ?? nowMs) - startedAtMs);
  return endedAtMs === undefined ? `for ${spent}` : `took ${spent}`;
}

/** What an operation does, as its headline. */
export function titleOf(operation: AnyOperation): string {
  const { nodes } = operation;
  const whom = nodes.length === 1 ? (nodes[0] ?? '') : count(nodes.length, 'node');
  if (operation.kind === 'image-build') return `Build of ${operation.image}`;
  if (operation.kind === 'munge-rotation') return `New munge key for ${whom}`;
  const { role, rollout } = operation;
  if (rollout === undefined) return `Role ${role} for ${whom}`;
  return rollout.way === 'back'
    ? `Rollout ${rollout.id} takes ${whom} back`
    : `Rollout ${rollout.id}: ${rollout.to} for ${whom}`;
}

export interface ShownNode {
  readonly node: string;
  readonly steps: readonly ShownStep[];
  readonly result: string;
  readonly cause: string | undefined;
  readonly hint: string | undefined;
}

type ShownStep = Pick<OperationStep, 'startedAtMs' | 'endedAtMs' | 'outcome' | 'detail'> & {
  readonly step: string;
};

function buildStep({ title, ...step }: ImageBuildStep): ShownStep {
  const { startedAtMs, endedAtMs, detail } = step;
  return { step: title, startedAtMs, endedAtMs, detail, ...(endedAtMs !== undefined && { outcome: 'done' }) };
}

/** One row for each node; the steps of a rotation are those of all, and stand in a row of their own. */
export function rowsOf(operation: AnyShownOperation): ShownNode[] {
  if (operation.kind === 'image-build') {
    const { image, steps, state, reason, hint } = operation;
    return [{ node: image, steps: steps.map(buildStep), result: state, cause: reason, hint }];
  }
  if (operation.kind === 'munge-rotation') {
    const { steps, state, reason, hint, nodes } = operation;
    return [
      { node: 'all', steps, result: state, cause: reason, hint },
      ...nodes.map((each) => ({ node: each.node, steps: [], result: each.state, cause: each.detail, hint: undefined })),
    ];
  }
  return operation.nodes.map(({ node, steps, result, cause, hint }) => ({
    node,
    steps,
    result: result ?? (steps.length === 0 ? 'waits' : 'under way'),
    cause,
    hint,
  }));
}
