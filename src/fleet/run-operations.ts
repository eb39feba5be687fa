/**
 * Carries operations out: looks at each node that is under way, does what `plan/operation-node.ts` says, and writes each
 * step down before the next begins. A service that was killed finds its steps and goes on: each may be done twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import { unreachable } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { Operation, OperationNode } from '../model/operation.ts';
import type { State } from '../model/state.ts';
import { operationNodeKey } from '../plan/operation-guard.ts';
import { listOperations } from '../plan/operation-list.ts';
import type { Move, OperationAct, OperationFacts, StepEnd } from '../plan/operation-move.ts';
import { nextMove } from '../plan/operation-node.ts';
import { applyMove, beginNode, isActive, progressOf, type Progress } from '../plan/operation.ts';
import { changeOfStep } from './operation-change.ts';
import type { RoleFleet } from './role-change.ts';
import { slurmFacts, type SlurmOf } from './slurm-facts.ts';
import type { ClusterSlurm } from './slurm.ts';
import { orderSlurm } from './slurm-order.ts';
import { stopOperation } from './start-operation.ts';

export interface OperationsDeps {
  readonly fleet: RoleFleet;
  readonly state: Pick<StateFile, 'current' | 'update' | 'amend'>;
  /** By name of the node, of all that are under way at once; one that was removed is missing. */
  readonly factsOf: (active: readonly ActiveNode[]) => ReadonlyMap<string, NodeFacts>;
  readonly slurm: ClusterSlurm;
  readonly now: () => number;
  readonly log: Log;
}

/** Orders that were given, as long as this service runs: one that has started anew gives them again. */
export interface Orders {
  /** When it has started. */
  readonly sinceMs: number;
  /** By node. */
  readonly running: Map<string, Promise<void>>;
  /** By order and node. */
  readonly givenMs: Map<string, number>;
}

export const newOrders = (sinceMs: number): Orders => ({ sinceMs, running: new Map(), givenMs: new Map() });

/** A node that goes down takes a while, and must not be told to reboot when it has just come up. */
const repeatMs: Readonly<Record<OperationAct, number>> = {
  reboot: 60_000,
  drain: 10_000,
  resume: 10_000,
  'requeue-jobs': 10_000,
  'cancel-jobs': 10_000,
};

export interface ActiveNode {
  readonly operation: Operation;
  readonly node: OperationNode;
}

export type NodeFacts = Omit<OperationFacts, 'nowMs' | 'lookingSinceMs' | 'slurm'>;

/** Slurm is asked as often, and only while a node's step depends on it. */
const lookMs = 2000;

/** A part of the service: runs until the signal. */
export async function runOperations(
  deps: OperationsDeps,
  signal: AbortSignal,
  lookEveryMs: number = lookMs,
): Promise<void> {
  const orders = newOrders(deps.now());
  while (!signal.aborted) {
    if (listOperations(deps.state.current()).some(({ operation }) => operation.endedAtMs === undefined)) {
      await lookOnce(deps, orders, signal);
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(orders.running.values());
}

/** One look at all operations that have not ended. Exported for tests, which have no time to wait. */
export async function lookOnce(deps: OperationsDeps, orders: Orders, signal: AbortSignal): Promise<void> {
  const open = listOperations(deps.state.current()).filter(({ operation }) => operation.endedAtMs === undefined);
  const active = open.flatMap(({ operation, nodes }) => nodes.filter(isActive).map((node) => ({ operation, node })));
  const slurm = await slurmFacts(deps.slurm, active.some(asksSlurm), signal);
  const facts = deps.factsOf(active);
  await Promise.all(
    active.map((each) => moveNode(deps, { ...each, facts: facts.get(each.node.node), slurm, orders, signal })),
  );
  for (const { operation } of open) await moveOperation(deps, operation.id);
}

function asksSlurm({ node: { steps } }: ActiveNode): boolean {
  return ['drain', 'resume', 'resume-back'].includes(steps.at(-1)?.step ?? '');
}

interface Moving extends ActiveNode {
  readonly facts: NodeFacts | undefined;
  readonly slurm: SlurmOf;
  readonly orders: Orders;
  readonly signal: AbortSignal;
}

async function moveNode(deps: OperationsDeps, moving: Moving): Promise<void> {
  const { operation, node } = moving;
  const nowMs = deps.now();
  const move = decide(moving, nowMs);
  if (move.kind === 'wait' || move.kind === 'act') {
    if (move.kind === 'act') begin(deps, moving, move.act);
    const after = applyMove(node, move, nowMs);
    if (after !== node) deps.state.amend((state) => withNode(state, after));
    return;
  }
  const change = changeOfStep(node, { operation, fleet: deps.fleet, lastGood: moving.facts?.lastGood, nowMs });
  if (change.kind === 'refused') {
    const back: StepEnd = {
      kind: 'next',
      outcome: 'failed',
      detail: change.reason,
      cause: change.reason,
      next: 'resume-back',
    };
    await writeStep(deps, node, back, { change: (state) => state, events: [], nowMs });
    return;
  }
  const { apply, events, journal, detail } = change;
  const told = detail === undefined ? move : { ...move, detail };
  await writeStep(deps, { ...node, ...journal }, told, { change: apply, events, nowMs });
}

function decide({ operation, node, slurm, facts, orders }: Moving, nowMs: number): Move {
  if (facts === undefined) {
    return { kind: 'end', outcome: 'failed', result: 'failed', cause: `${node.node} was removed` };
  }
  return nextMove(node, operation, { ...facts, nowMs, lookingSinceMs: orders.sinceMs, slurm: slurm(node.node) });
}

interface StepWritten {
  readonly change: (state: State) => State;
  readonly events: readonly NewEvent[];
  readonly nowMs: number;
}

/** Journal, change and events in one transaction: killed before it, the step is done again; after it, never. */
async function writeStep(
  { state, log }: OperationsDeps,
  node: OperationNode,
  move: StepEnd,
  { change, events, nowMs }: StepWritten,
): Promise<void> {
  const after = applyMove(node, move, nowMs);
  const step = node.steps.at(-1)?.step;
  const { outcome, detail, cause } = move;
  const result = move.kind === 'end' ? move.result : undefined;
  const fields = { operation: node.operation, step, outcome, detail, cause, result };
  const told: NewEvent = { kind: 'operation.step', node: node.node, fields };
  await state.update((before) => withNode(change(before), after), [...events, told]);
  log.info('operation.step', { node: node.node, ...fields });
}

function withNode(state: State, node: OperationNode): State {
  const key = operationNodeKey(node.operation, node.node);
  return { ...state, operationNodes: { ...state.operationNodes, [key]: node } };
}

/** Behind the look: ssh may take a minute. One order at a time per node; one that shows no effect is given again. */
function begin(deps: OperationsDeps, { operation, node: { node }, orders, signal }: Moving, act: OperationAct): void {
  const key = `${act} ${node}`;
  const againMs = (orders.givenMs.get(key) ?? -Infinity) + repeatMs[act];
  if (orders.running.has(node) || deps.now() < againMs) return;
  orders.givenMs.set(key, deps.now());
  const run = async () => {
    try {
      await carryOut(deps, node, { act, operation, signal });
    } catch (error) {
      if (signal.aborted) return;
      deps.log.warn('operation.act-failed', { operation: operation.id, node, act, reason: describeError(error) });
    } finally {
      orders.running.delete(node);
    }
  };
  orders.running.set(node, run());
}

async function carryOut(
  { slurm, fleet }: OperationsDeps,
  node: string,
  { act, operation, signal }: { act: OperationAct; operation: Operation; signal: AbortSignal },
): Promise<void> {
  if (act !== 'reboot') return orderSlurm(slurm, act, { node, operation: operation.id, signal });
  const decision = fleet.reboots.decide(node);
  if (decision.kind === 'ssh') return fleet.reboots.begin(node, decision.address);
  await fleet.reboots.cycleOf?.(node)?.({ by: `operation ${operation.id}`, dryRun: false, ifMatch: undefined });
}

async function moveOperation({ state, log, now }: OperationsDeps, id: string): Promise<void> {
  const found = listOperations(state.current()).find(({ operation }) => operation.id === id);
  if (found === undefined) return;
  const { operation, nodes } = found;
  const progress = progressOf(operation, nodes);
  const [change, events] = changeOfProgress(operation, nodes, progress, now());
  if (change === undefined) return;
  await state.update(change, events);
  if (progress.kind !== 'goes-on') log.info(`operation.${progress.kind}`, { operation: id, reason: progress.reason });
}

type ProgressChange = readonly [change: ((state: State) => State) | undefined, events: readonly NewEvent[]];

function changeOfProgress(
  operation: Operation,
  nodes: readonly OperationNode[],
  progress: Progress,
  nowMs: number,
): ProgressChange {
  const { id } = operation;
  switch (progress.kind) {
    case 'goes-on': {
      const begun = nodes.filter(({ node }) => progress.begin.includes(node)).map((node) => beginNode(node, nowMs));
      return [begun.length === 0 ? undefined : (state) => begun.reduce(withNode, state), []];
    }
    case 'stop':
      return [
        (state) => stopOperation(state, operation, progress.reason),
        [{ kind: 'operation.stopping', fields: { operation: id, reason: progress.reason } }],
      ];
    case 'end': {
      const { state: ended, reason } = progress;
      const after = { ...operation, state: ended, endedAtMs: nowMs, ...(reason !== undefined && { reason }) };
      return [
        (state) => ({ ...state, operations: { ...state.operations, [id]: after } }),
        [{ kind: 'operation.ended', fields: { operation: id, state: ended, reason } }],
      ];
    }
    default:
      return unreachable(progress);
  }
}
