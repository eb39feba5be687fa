/** Pauses, resumes and aborts rollouts: decided on the state as it is, written down before anything happens. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import type { Operation } from '../model/operation.ts';
import type { Rollout, RolloutNode } from '../model/rollout.ts';
import type { State } from '../model/state.ts';
import { requireMatch } from '../plan/etag.ts';
import { taggedRollout } from '../plan/resource-tags.ts';
import { mayHaveIt } from '../plan/rollout.ts';
import { commit, type Edited, type Fleet } from './fleet.ts';
import { withRollout } from './rollout-change.ts';
import { stopOperation } from './start-operation.ts';

export type RolloutOrder = 'pause' | 'resume' | 'abort';

export interface OrderedRollout {
  readonly rollout: string;
  readonly dryRun: boolean;
  readonly state: Rollout['state'];
  /** Nodes that have the new version, or get it just now: an abort takes it from them. */
  readonly nodes: string[];
}

/** What is so already is no change. @throws NotFoundError, ChangedError, RefusedError when it has ended */
export async function orderRollout(
  id: string,
  order: RolloutOrder,
  { options, fleet, now }: { options: ChangeOptions; fleet: Pick<Fleet, 'state'>; now: () => number },
): Promise<Tagged<OrderedRollout>> {
  const nowMs = now();
  const { answer } = await commit(fleet, (before) => change(id, order, { before, options, nowMs }), options);
  return { answer, etag: undefined };
}

interface Ordering {
  readonly before: State;
  readonly options: ChangeOptions;
  readonly nowMs: number;
}

function change(id: string, order: RolloutOrder, { before, options, nowMs }: Ordering): Edited<OrderedRollout> {
  const rollout = rolloutNamed(id, before);
  requireMatch(`rollout ${id}`, taggedRollout(rollout), options.ifMatch);
  if (rollout.endedAtMs !== undefined) throw new RefusedError(`rollout ${id} has ended: ${rollout.state}`);
  if (rollout.state === 'aborting' && order !== 'abort') {
    throw new RefusedError(`rollout ${id} is being taken back: ${rollout.reason ?? 'aborted'}`);
  }
  const { by, dryRun } = options;
  const state = ordered(before, rollout, { order, by, nowMs });
  const after = state.rollouts[id] ?? rollout;
  const answer = { rollout: id, dryRun, state: after.state, nodes: nodesWithIt(before, rollout) };
  if (state === before) return { state, events: [], answer };
  const kind = { pause: 'rollout.paused', resume: 'rollout.resumed', abort: 'rollout.aborting' }[order];
  return { state, events: [{ kind, fields: { rollout: id, role: rollout.target.role, by } }], answer };
}

/** @throws NotFoundError */
export function rolloutNamed(id: string, { rollouts }: Pick<State, 'rollouts'>): Rollout {
  const rollout = Object.hasOwn(rollouts, id) ? rollouts[id] : undefined;
  if (rollout !== undefined) return rollout;
  throw new NotFoundError(`there is no rollout ${id}`, { hint: 'See "pi-image rollout list".' });
}

function nodesWithIt({ operations, operationNodes }: State, { nodes, operation }: Rollout): string[] {
  const isOpen = operations[operation]?.endedAtMs === undefined;
  const begun = Object.values(operationNodes).filter((node) => isOpen && node.operation === operation);
  const now = new Set(begun.filter(({ steps }) => steps.some(({ step }) => step === 'set')).map(({ node }) => node));
  return nodes.filter((node) => mayHaveIt(node) || now.has(node.node)).map(({ node }) => node);
}

function ordered(
  before: State,
  rollout: Rollout,
  { order, by, nowMs }: { order: RolloutOrder; by: string; nowMs: number },
): State {
  if (order === 'pause') return rollout.state === 'paused' ? before : paused(before, rollout, by);
  if (order === 'resume') return rollout.state === 'running' ? before : resumed(before, rollout, nowMs);
  return rollout.state === 'aborting' ? before : stopRollout(before, rollout, `aborted by ${by}`);
}

/** Nodes that are under way go on to the end. */
function paused(before: State, rollout: Rollout, by: string): State {
  return holding(withRollout(before, { ...rollout, state: 'paused', reason: `paused by ${by}` }), rollout, true);
}

/** Its gates have all their time again, and nodes that had kept the old version are tried again. */
function resumed(before: State, rollout: Rollout, nowMs: number): State {
  const { reason: _reason, gatesSinceMs, ...rest } = rollout;
  const after: Rollout = {
    ...rest,
    state: 'running',
    nodes: triedAgain(rollout),
    ...(gatesSinceMs !== undefined && { gatesSinceMs: nowMs }),
  };
  return holding(withRollout(before, after), rollout, false);
}

function triedAgain({ nodes, wave }: Rollout): RolloutNode[] {
  if (nodes.some((node) => node.wave === wave && node.result === 'done')) return nodes;
  return nodes.map((node) => {
    if (node.wave !== wave || node.result !== 'kept') return node;
    const { result: _result, cause: _cause, ...rest } = node;
    return rest;
  });
}

function holding(state: State, { operation: id }: Rollout, isHeld: boolean): State {
  const operation = state.operations[id];
  if (operation === undefined || operation.endedAtMs !== undefined) return state;
  const { isHeld: _before, ...rest } = operation;
  const after: Operation = isHeld ? { ...rest, isHeld } : rest;
  return { ...state, operations: { ...state.operations, [id]: after } };
}

/** No other node gets it; those that have it get back what they had as soon as the nodes that are under way have ended. */
export function stopRollout(before: State, rollout: Rollout, reason: string): State {
  const { detail: _detail, ...rest } = rollout;
  const after = withRollout(holding(before, rollout, false), { ...rest, state: 'aborting', reason });
  const operation = after.operations[rollout.operation];
  return operation === undefined || operation.endedAtMs !== undefined ? after : stopOperation(after, operation, reason);
}
