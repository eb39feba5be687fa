/** Nodes that boot a kept generation, whatever their role and the files say: written down with an event. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { RefusedError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Generation } from '../model/generation.ts';
import type { NodeSpec } from '../model/node.ts';
import type { State } from '../model/state.ts';
import { requireFree } from '../plan/operation-guard.ts';
import { planRollback, type RollbackDecision, type RollbackFacts, type RollbackTo } from '../plan/rollback.ts';
import { requireNoRollout } from '../plan/rollout-list.ts';
import { commit, nodeNamed, type Edited, type Fleet } from './fleet.ts';

type Pins = State['generationPins'];

export function withoutPin(pins: Pins, node: string): Pins {
  const { [node]: _pin, ...others } = pins;
  return others;
}

/** @param pin undefined: as it is */
export function withPin(state: State, node: string, pin: Pins[string] | undefined): State {
  return pin === undefined ? state : { ...state, generationPins: { ...state.generationPins, [node]: pin } };
}

export interface PinFleet extends Pick<Fleet, 'state' | 'viewOf'> {
  readonly factsOf: (node: NodeSpec) => Omit<RollbackFacts, 'view'>;
}

export interface WantedRollback {
  readonly nodes: readonly string[];
  readonly to: RollbackTo;
}

export interface Rollback {
  readonly dryRun: boolean;
  readonly nodes: {
    readonly node: string;
    readonly generation: string;
    readonly image: string;
    readonly isChanged: boolean;
  }[];
  /** Nodes that stay as they are. */
  readonly leftOut: { readonly node: string; readonly reason: string }[];
}

/** The next boot of each is that generation; what runs goes on. @throws NotFoundError, RefusedError when none of them can */
export async function rollBack(
  wanted: WantedRollback,
  options: ChangeOptions,
  fleet: PinFleet,
): Promise<Tagged<Rollback>> {
  const { answer } = await commit(fleet, (before) => hold(wanted, options, { before, fleet }), options);
  return { answer, etag: undefined };
}

function hold(
  { nodes: names, to }: WantedRollback,
  { by, dryRun }: ChangeOptions,
  { before, fleet }: { before: State; fleet: PinFleet },
): Edited<Rollback> {
  const view = fleet.viewOf(before);
  const decided = [...new Set(names)].map((name) => {
    const node = nodeNamed(name, view.nodes);
    requireNoRollout(node.role, before);
    return { node, decision: planRollback(node, to, { ...fleet.factsOf(node), view }) };
  });
  requireFree(names, before);
  const leftOut = decided.flatMap(({ node, decision }) =>
    decision.kind === 'refused' ? [{ node: node.name, reason: decision.reason }] : [],
  );
  const found = decided.flatMap(({ node, decision }) =>
    decision.kind === 'refused' ? [] : [{ node, generation: decision.generation, isChanged: isChange(decision) }],
  );
  const [first] = leftOut;
  if (found.length === 0) {
    throw new RefusedError(first === undefined ? 'no node was named' : `${first.node}: ${first.reason}`, {
      hint: 'See "pi-image node history NODE": the generations of its last boots are kept.',
    });
  }
  const changed = found.filter(({ isChanged }) => isChanged);
  const pins = changed.map(
    ({ node, generation }) => [node.name, { ...pinOf(generation), role: node.role, by }] as const,
  );
  const state =
    changed.length === 0
      ? before
      : { ...before, generationPins: { ...before.generationPins, ...Object.fromEntries(pins) } };
  const nodes = found.map(({ node, generation, isChanged }) => {
    const { generation: id, image } = pinOf(generation);
    return { node: node.name, generation: id, image, isChanged };
  });
  return {
    state,
    events: changed.map(({ node, generation }) => held(node.name, generation, by)),
    answer: { dryRun, nodes, leftOut },
  };
}

const isChange = ({ kind }: RollbackDecision): boolean => kind === 'hold';

const pinOf = ({ id, image }: Generation) => ({ generation: id, image: `${image.name}@${image.version}` });

const held = (node: string, generation: Generation, by: string): NewEvent => ({
  kind: 'node.held',
  node,
  fields: { ...pinOf(generation), by },
});
