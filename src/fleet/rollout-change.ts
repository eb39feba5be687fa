/** What the moves of a rollout make of the state: waves become operations, and choices and pins say who boots what. */
import type { Operation, OperationNode } from '../model/operation.ts';
import type { Rollout, RolloutNode } from '../model/rollout.ts';
import type { ImageChoice, State } from '../model/state.ts';
import { nodeTarget, roleTarget } from '../plan/image-choice.ts';
import { operationNodeKey } from '../plan/operation-guard.ts';
import { forgetOperations, nextOperationId } from '../plan/operation-list.ts';
import { collectNode, mayHaveIt } from '../plan/rollout.ts';

export function withRollout(state: State, rollout: Rollout): State {
  return { ...state, rollouts: { ...state.rollouts, [rollout.id]: rollout } };
}

/** What an event and a journal say that it brings. */
export const broughtBy = ({ target }: Pick<Rollout, 'target'>): string =>
  target.kind === 'image' ? target.image : `overlays of ${target.role}`;

/** A reference `name@version` as a choice. @param rollout of a node: which one it has it from */
export function choiceOf(reference: string, rollout?: string): ImageChoice {
  const [image = '', version = ''] = reference.split('@');
  return { image, version, ...(rollout !== undefined && { rollout }) };
}

/** @param choice undefined: they follow their role */
export function withNodeChoices(
  state: State,
  nodes: readonly string[],
  choice: ImageChoice | undefined,
): State['imageChoices'] {
  const keys = new Set(nodes.map((node) => nodeTarget(node)));
  const others = Object.entries(state.imageChoices).filter(([key]) => !keys.has(key));
  const own = choice === undefined ? [] : [...keys].map((key) => [key, choice] as const);
  return Object.fromEntries([...others, ...own]);
}

export function withRoleChoice(choices: State['imageChoices'], role: string, reference: string): State['imageChoices'] {
  return { ...choices, [roleTarget(role)]: choiceOf(reference) };
}

/** Begins the operation of a wave, with those of its nodes that have not had it and still have the role. */
export function beginWave(before: State, rollout: Rollout, wave: number, nowMs: number): State {
  const { role } = rollout.target;
  const members = new Set(before.nodes.filter((node) => node.role === role).map(({ name }) => name));
  const isOpen = (node: RolloutNode) => node.wave === wave && node.result === undefined;
  const nodes = rollout.nodes.map((node) => (isOpen(node) && !members.has(node.node) ? lost(node, role) : node));
  const own = nodes.filter(isOpen).map(({ node }) => node);
  const failed = nodes.filter(({ result }) => result === 'failed' || result === 'fell-back').length;
  const maxFailed = wave === 0 ? 0 : Math.max(0, rollout.maxFailed - failed);
  const after: Rollout = { ...rollout, nodes, wave };
  if (own.length === 0) return withRollout(before, { ...after, gatesSinceMs: nowMs });
  return withOperation(before, after, { nodes: own, way: 'forward', maxFailed, nowMs });
}

const lost = (node: RolloutNode, role: string): RolloutNode => ({
  ...node,
  result: 'skipped',
  cause: `it has not the role ${role} any more`,
});

/** From here on every boot is one of what they had; the operation restarts them. */
export function beginBack(before: State, rollout: Rollout, nowMs: number): State {
  const known = new Set(before.nodes.map(({ name }) => name));
  const nodes = rollout.nodes.filter((node) => mayHaveIt(node) && known.has(node.node)).map(({ node }) => node);
  const held = holdBefore(before, rollout, nodes);
  return withOperation(held, rollout, { nodes, way: 'back', maxFailed: nodes.length, nowMs });
}

/** Nobody boots anything new by being switched on. */
export function holdAll(state: State, rollout: Rollout): State {
  const { nodes, leftOut } = rollout;
  return holdBefore(
    state,
    rollout,
    [...nodes, ...leftOut].map(({ node }) => node),
  );
}

const holderOf = (rollout: string): string => `rollout ${rollout}`;

/** Their next boot is what they had. */
export function holdBefore(state: State, { target, nodes, leftOut, id }: Rollout, names: readonly string[]): State {
  if (target.kind === 'image') return { ...state, imageChoices: withNodeChoices(state, names, undefined) };
  const pins = [...nodes, ...leftOut].flatMap(({ node, before }) =>
    before === undefined || !names.includes(node)
      ? []
      : [[node, { ...before, role: target.role, by: holderOf(id) }] as const],
  );
  return { ...state, generationPins: { ...state.generationPins, ...Object.fromEntries(pins) } };
}

interface Beginning {
  readonly nodes: readonly string[];
  readonly way: 'forward' | 'back';
  readonly maxFailed: number;
  readonly nowMs: number;
}

function withOperation(before: State, rollout: Rollout, { nodes, way, maxFailed, nowMs }: Beginning): State {
  const kept = forgetOperations(before);
  const { id: of, by, target, drain, drainDeadlineMs, maxUnavailable, from } = rollout;
  const { role } = target;
  const to = way === 'forward' ? broughtBy(rollout) : (from ?? `overlays of ${role} as they were`);
  const operation: Operation = {
    id: nextOperationId(before),
    kind: 'rollout',
    by,
    role,
    rollout: { id: of, way, to },
    drain,
    drainDeadlineMs,
    maxUnavailable,
    maxFailed,
    startedAtMs: nowMs,
    state: 'running',
  };
  const entries = nodes.map((node): [string, OperationNode] => [
    operationNodeKey(operation.id, node),
    { operation: operation.id, node, from: role, steps: [] },
  ]);
  const { gatesSinceMs: _gates, detail: _detail, ...rest } = rollout;
  const after = {
    ...kept,
    operations: { ...kept.operations, [operation.id]: operation },
    operationNodes: { ...kept.operationNodes, ...Object.fromEntries(entries) },
  };
  return withRollout(after, { ...rest, operation: operation.id });
}

/** How the nodes of its operation did stands with them, and the gates begin. */
export function collect(before: State, rollout: Rollout, nowMs: number): State {
  const way = before.operations[rollout.operation]?.rollout?.way ?? 'forward';
  const nodes = rollout.nodes.map((node) => {
    const ended = before.operationNodes[operationNodeKey(rollout.operation, node.node)];
    return collectNode(node, ended, way);
  });
  return withRollout(before, { ...rollout, nodes, gatesSinceMs: nowMs });
}

export interface RolloutEnd {
  readonly state: 'done' | 'rolled-back' | 'failed';
  readonly reason: string | undefined;
  readonly nowMs: number;
}

/** Done: the role boots the new version, with all that have been left out or kept; else all boot what they had. */
export function endRollout(before: State, rollout: Rollout, { state, reason, nowMs }: RolloutEnd): State {
  const { detail: _detail, reason: _before, ...rest } = rollout;
  const ended: Rollout = { ...rest, state, endedAtMs: nowMs, ...(reason !== undefined && { reason }) };
  const after = withRollout(before, ended);
  return state === 'done' ? settleDone(after, ended) : holdAll(after, ended);
}

const named = (nodes: readonly RolloutNode[], result: RolloutNode['result']) =>
  nodes.filter((node) => node.result === result).map(({ node }) => node);

function settleDone(state: State, { id, target, nodes, from }: Rollout): State {
  const fellBack = named(nodes, 'fell-back');
  if (target.kind === 'overlay') {
    const isOver = (node: string, by: string) => by === holderOf(id) && !fellBack.includes(node);
    const pins = Object.entries(state.generationPins).filter(([node, { by }]) => !isOver(node, by));
    return { ...state, generationPins: Object.fromEntries(pins) };
  }
  const all = nodes.map(({ node }) => node);
  const imageChoices = withNodeChoices(state, all, undefined);
  const kept = { ...state, imageChoices: withRoleChoice(imageChoices, target.role, target.image) };
  // What did not come up in it stays where it is.
  const before = from === undefined ? undefined : choiceOf(from, id);
  return { ...kept, imageChoices: withNodeChoices(kept, fellBack, before) };
}
