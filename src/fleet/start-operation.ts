/** Begins and stops operations: decided on the state as it is, written down before anything happens. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { NodeSpec } from '../model/node.ts';
import type { DrainPolicy, Operation, OperationNode } from '../model/operation.ts';
import type { RoleDiff } from '../model/role-diff.ts';
import type { State } from '../model/state.ts';
import { requireMatch } from '../plan/etag.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import { operationNodeKey, requireFree } from '../plan/operation-guard.ts';
import { forgetOperations, nextOperationId } from '../plan/operation-list.ts';
import { skipNode } from '../plan/operation.ts';
import { whyQuarantined } from '../plan/quarantine.ts';
import { taggedOperation } from '../plan/resource-tags.ts';
import { commit, nodeNamed, type Edited, type Fleet } from './fleet.ts';
import { refusal } from './role-change.ts';
import { planRolesAhead, type RolesAhead } from './roles-ahead.ts';

export interface RoleAssignment {
  readonly role: string;
  readonly nodes: readonly string[];
  readonly drain: DrainPolicy;
  readonly drainDeadlineMs: number;
  /** So many, or so many per cent of these nodes, rounded up. */
  readonly maxUnavailable: { readonly count: number } | { readonly percent: number };
  /** Also what did not come up before. */
  readonly retry: boolean;
}

export interface StartedOperation {
  readonly dryRun: boolean;
  /** Missing in a dry run, and when all nodes have the role already. */
  readonly operation?: string;
  readonly nodes: { readonly node: string; readonly diff: RoleDiff }[];
}

interface Starting {
  readonly before: State;
  readonly ahead: RolesAhead;
  readonly fleet: Fleet;
  readonly nowMs: number;
}

/** Nodes that have the role already are left out; `ifMatch` is the tag of each. @throws NotFoundError, ChangedError, RefusedError */
export async function startRoleChange(
  wanted: RoleAssignment,
  options: ChangeOptions,
  fleet: Fleet,
  now: () => number,
): Promise<Tagged<StartedOperation>> {
  const nowMs = now();
  const ahead = await planRolesAhead(wanted.nodes, wanted.role, fleet);
  const { answer } = await commit(fleet, (before) => start(wanted, options, { before, ahead, fleet, nowMs }), options);
  return { answer, etag: undefined };
}

function start(
  wanted: RoleAssignment,
  { by, dryRun, ifMatch }: ChangeOptions,
  { before, ahead, fleet, nowMs }: Starting,
): Edited<StartedOperation> {
  const changes = planAll(wanted, ifMatch, { before, ahead, fleet });
  const nodes = changes.map(({ node, diff }) => ({ node: node.name, diff }));
  if (changes.length === 0) return { state: before, events: [], answer: { dryRun, nodes } };
  requireFree(
    changes.map(({ node }) => node.name),
    before,
  );
  const operation = describe(wanted, changes.length, { id: nextOperationId(before), by, nowMs });
  const entries = changes.map(({ node }): [string, OperationNode] => [
    operationNodeKey(operation.id, node.name),
    { operation: operation.id, node: node.name, from: node.role, steps: [] },
  ]);
  const kept = forgetOperations(before);
  const state = {
    ...kept,
    operations: { ...kept.operations, [operation.id]: operation },
    operationNodes: { ...kept.operationNodes, ...Object.fromEntries(entries) },
  };
  const fields = {
    operation: operation.id,
    role: wanted.role,
    nodes: compressHostlist(nodes.map((each) => each.node)),
    by,
  };
  const events = [{ kind: 'operation.started', fields }];
  return { state, events, answer: { dryRun, ...(!dryRun && { operation: operation.id }), nodes } };
}

interface PlannedChange {
  readonly node: NodeSpec;
  readonly diff: RoleDiff;
}

function planAll(
  { role, nodes, retry }: RoleAssignment,
  ifMatch: string | undefined,
  { before, ahead, fleet }: Omit<Starting, 'nowMs'>,
): PlannedChange[] {
  const view = fleet.viewOf(before);
  const decide = ahead.planner(view);
  return [...new Set(nodes)].flatMap((name) => {
    const node = nodeNamed(name, view.nodes);
    requireMatch(`node ${name}`, node, ifMatch);
    const decision = decide(node);
    if (decision.kind === 'refused') throw refusal(decision);
    if (decision.kind === 'same') return [];
    const bad = before.quarantine[decision.diff.generation.to ?? ''];
    if (bad !== undefined && !retry) {
      throw new RefusedError(whyQuarantined(name, bad, ` as ${role}`), {
        hint: 'Change what is wrong with the role, its overlays or its image; or try the same again with --retry.',
      });
    }
    return [{ node, diff: decision.diff }];
  });
}

function describe(
  { role, drain, drainDeadlineMs, maxUnavailable }: RoleAssignment,
  count: number,
  { id, by, nowMs }: { id: string; by: string; nowMs: number },
): Operation {
  const most = 'count' in maxUnavailable ? maxUnavailable.count : Math.ceil((count * maxUnavailable.percent) / 100);
  return {
    id,
    kind: 'role-change',
    by,
    role,
    drain,
    drainDeadlineMs,
    maxUnavailable: Math.max(1, most),
    startedAtMs: nowMs,
    state: 'running',
  };
}

export interface CancelledOperation {
  readonly operation: string;
  readonly dryRun: boolean;
  /** Nodes that go on to the end, because their role is changed already. */
  readonly goOn: string[];
}

/** No other node is begun, and those that are drained only take jobs again. @throws NotFoundError, ChangedError, RefusedError */
export async function cancelOperation(
  id: string,
  options: ChangeOptions,
  fleet: Pick<Fleet, 'state'>,
): Promise<Tagged<CancelledOperation>> {
  const { answer } = await commit(fleet, (before) => cancel(id, options, before), options);
  return { answer, etag: undefined };
}

function cancel(id: string, { by, dryRun, ifMatch }: ChangeOptions, before: State): Edited<CancelledOperation> {
  const operation = before.operations[id];
  if (operation === undefined)
    throw new NotFoundError(`there is no operation ${id}`, { hint: 'See "pi-image operation list".' });
  requireMatch(`operation ${id}`, taggedOperation(operation), ifMatch);
  if (operation.endedAtMs !== undefined) throw new RefusedError(`operation ${id} has ended: ${operation.state}`);
  if (operation.rollout !== undefined) {
    throw new RefusedError(`operation ${id} is a part of rollout ${operation.rollout.id}`, {
      hint: `Stop that: "pi-image rollout pause ${operation.rollout.id}", or abort.`,
    });
  }
  const goOn = Object.values(before.operationNodes).flatMap(({ operation: of, node, result, steps }) => {
    const isChanged = steps.some(({ step }) => step === 'set');
    return of === id && result === undefined && isChanged ? [node] : [];
  });
  const answer = { operation: id, dryRun, goOn };
  if (operation.state === 'stopping') return { state: before, events: [], answer };
  const events: NewEvent[] = [{ kind: 'operation.stopping', fields: { operation: id, by } }];
  return { state: stopOperation(before, operation, `cancelled by ${by}`), events, answer };
}

export function stopOperation(state: State, operation: Operation, reason: string): State {
  const nodes = Object.entries(state.operationNodes).map(([key, node]): [string, OperationNode] => [
    key,
    node.operation === operation.id ? skipNode(node) : node,
  ]);
  return {
    ...state,
    operations: { ...state.operations, [operation.id]: { ...operation, state: 'stopping', reason } },
    operationNodes: Object.fromEntries(nodes),
  };
}
