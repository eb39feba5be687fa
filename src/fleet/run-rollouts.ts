/**
 * Carries rollouts out: each wave is an operation, and what `plan/rollout.ts` says comes after it is written down in one
 * transaction with what it begins. A service that was killed finds it and goes on.
 */
import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import { unreachable } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { Rollout, RolloutCheck } from '../model/rollout.ts';
import type { State } from '../model/state.ts';
import { operationOf } from '../plan/operation-guard.ts';
import { listOperations } from '../plan/operation-list.ts';
import type { NodeGate } from '../plan/rollout-gates.ts';
import { listRollouts } from '../plan/rollout-list.ts';
import { mayHaveIt, nextRolloutMove, type CheckState, type RolloutMove } from '../plan/rollout.ts';
import { beginBack, beginWave, broughtBy, collect, endRollout, withRollout } from './rollout-change.ts';
import { stopRollout } from './rollout-orders.ts';
import { slurmFacts } from './slurm-facts.ts';
import type { ClusterSlurm } from './slurm.ts';

export interface RolloutsDeps {
  readonly state: Pick<StateFile, 'current' | 'update' | 'amend'>;
  /** By name; one that was removed is missing. */
  readonly gatesOf: (nodes: readonly string[]) => ReadonlyMap<string, Omit<NodeGate, 'slurm'>>;
  readonly slurm: Pick<ClusterSlurm, 'isThere' | 'nodes'>;
  /** @throws HostError when it ends with another code than 0, or not in time */
  readonly runCheck: (check: RolloutCheck, about: CheckAbout, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
}

/** What a check is told of the wave that it judges. */
export interface CheckAbout {
  readonly rollout: string;
  readonly role: string;
  readonly wave: number;
  readonly nodes: readonly string[];
  /** `name@version`, or undefined for overlays. */
  readonly image: string | undefined;
}

/** Checks that were begun, as long as this service runs: one that has started anew begins them again. */
export interface Checks {
  /** When it has started. */
  readonly sinceMs: number;
  /** By rollout, wave and check. */
  readonly states: Map<string, CheckState>;
  readonly running: Map<string, Promise<void>>;
}

export const newChecks = (sinceMs: number): Checks => ({ sinceMs, states: new Map(), running: new Map() });

export function hasOpenRollout(state: Pick<State, 'rollouts'>): boolean {
  return Object.values(state.rollouts).some(({ endedAtMs }) => endedAtMs === undefined);
}

/** One look at all rollouts that have not ended. */
export async function lookAtRollouts(deps: RolloutsDeps, checks: Checks, signal: AbortSignal): Promise<void> {
  const open = listRollouts(deps.state.current()).filter(({ endedAtMs }) => endedAtMs === undefined);
  for (const rollout of open) await moveRollout(deps, rollout, { checks, signal });
}

interface Looking {
  readonly checks: Checks;
  readonly signal: AbortSignal;
}

async function moveRollout(deps: RolloutsDeps, rollout: Rollout, looking: Looking): Promise<void> {
  const { state, now } = deps;
  const nowMs = now();
  const operation = listOperations(state.current()).find(({ operation: { id } }) => id === rollout.operation);
  const gates = await gatesOf(deps, rollout, looking.signal);
  const checks = new Map(
    rollout.gates.checks.flatMap(({ name }) => {
      const known = looking.checks.states.get(checkKey(rollout, name));
      return known === undefined ? [] : [[name, known] as const];
    }),
  );
  const { sinceMs: lookingSinceMs } = looking.checks;
  const move = nextRolloutMove(rollout, { nowMs, lookingSinceMs, operation, gates, checks });
  // Somebody may have paused or aborted it while Slurm was asked.
  if (state.current().rollouts[rollout.id] !== rollout) return;
  if (move.kind === 'check') return beginCheck(deps, rollout, move.check, looking);
  await carryOut(deps, rollout, move, nowMs);
}

/** Nodes are asked only while it depends on them. */
async function gatesOf(
  { gatesOf: ask, slurm }: RolloutsDeps,
  { nodes, wave, state, gatesSinceMs, gates }: Rollout,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NodeGate>> {
  if (gatesSinceMs === undefined) return new Map();
  const names = nodes.filter((node) => node.wave === wave && node.result === 'done').map(({ node }) => node);
  const slurmOf = await slurmFacts(slurm, gates.slurm && state === 'running' && names.length > 0, signal);
  return new Map([...ask(names)].map(([name, gate]) => [name, { ...gate, slurm: slurmOf(name) }]));
}

/** One that is resumed asks its checks again. */
const checkKey = ({ id, wave, gatesSinceMs }: Rollout, check: string) => `${id}/${wave}/${gatesSinceMs}/${check}`;

/** Behind the look: it may take minutes. */
function beginCheck(deps: RolloutsDeps, rollout: Rollout, check: RolloutCheck, { checks, signal }: Looking): void {
  const key = checkKey(rollout, check.name);
  const { id, wave, target, nodes } = rollout;
  const names = nodes.filter((node) => node.wave === wave && node.result === 'done').map(({ node }) => node);
  const image = target.kind === 'image' ? target.image : undefined;
  const run = async () => {
    try {
      await deps.runCheck(check, { rollout: id, role: target.role, wave, nodes: names, image }, signal);
      checks.states.set(key, { kind: 'passed' });
      deps.log.info('rollout.check-passed', { rollout: id, wave, check: check.name });
    } catch (error) {
      if (signal.aborted) return;
      const reason = describeError(error);
      checks.states.set(key, { kind: 'failed', reason });
      deps.log.warn('rollout.check-failed', { rollout: id, wave, check: check.name, reason });
    } finally {
      checks.running.delete(key);
    }
  };
  checks.states.set(key, { kind: 'running' });
  checks.running.set(key, run());
}

async function carryOut(deps: RolloutsDeps, rollout: Rollout, move: RolloutMove, nowMs: number): Promise<void> {
  const { state, log } = deps;
  const detail = waitsFor(state.current(), rollout, move);
  if (detail !== undefined) {
    if (rollout.detail !== detail) state.amend((before) => withRollout(before, { ...rollout, detail }));
    return;
  }
  const change = changeOf(rollout, move, nowMs);
  const events = eventsOf(rollout, move);
  await state.update(change, events);
  for (const { kind, fields } of events) log.info(kind, fields);
}

/** A node is in one operation at a time: another one has to end first. */
function waitsFor(state: State, rollout: Rollout, move: RolloutMove): string | undefined {
  if (move.kind === 'wait') return move.detail;
  if (move.kind !== 'wave' && move.kind !== 'back') return undefined;
  const isNext = (node: Rollout['nodes'][number]) =>
    move.kind === 'back' ? mayHaveIt(node) : node.wave === move.wave && node.result === undefined;
  for (const { node } of rollout.nodes.filter(isNext)) {
    const other = operationOf(node, state);
    if (other !== undefined) return `${node} is in operation ${other}`;
  }
  return undefined;
}

function changeOf(rollout: Rollout, move: RolloutMove, nowMs: number): (state: State) => State {
  switch (move.kind) {
    case 'wait':
    case 'check':
      return (state) => state;
    case 'collect':
      return (state) => collect(state, rollout, nowMs);
    case 'wave':
      return (state) => beginWave(state, rollout, move.wave, nowMs);
    case 'pause':
      return (state) => withRollout(state, { ...rollout, state: 'paused', reason: move.reason });
    case 'abort':
      return (state) => stopRollout(state, rollout, move.reason);
    case 'back':
      return (state) => beginBack(state, rollout, nowMs);
    case 'end':
      return (state) => endRollout(state, rollout, { ...move, nowMs });
    default:
      return unreachable(move);
  }
}

function eventsOf(rollout: Rollout, move: RolloutMove): NewEvent[] {
  const { id, target, wave } = rollout;
  const about = { rollout: id, role: target.role };
  switch (move.kind) {
    case 'wait':
    case 'check':
      return [];
    case 'collect':
      return [{ kind: 'rollout.wave-ended', fields: { ...about, wave } }];
    case 'wave':
      return [{ kind: 'rollout.wave-begun', fields: { ...about, wave: move.wave } }];
    case 'pause':
      return [{ kind: 'rollout.paused', fields: { ...about, reason: move.reason } }];
    case 'abort':
      return [{ kind: 'rollout.aborting', fields: { ...about, reason: move.reason } }];
    case 'back':
      return [{ kind: 'rollout.going-back', fields: about }];
    case 'end':
      return [
        {
          kind: 'rollout.ended',
          fields: { ...about, to: broughtBy(rollout), state: move.state, reason: move.reason, by: rollout.by },
        },
      ];
    default:
      return unreachable(move);
  }
}
