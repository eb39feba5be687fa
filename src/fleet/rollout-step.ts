/** What the end of a step of a rollout's operation changes beside the journal: what a node boots, there and back. */
import type { NewEvent } from '../model/event.ts';
import type { Operation, OperationNode } from '../model/operation.ts';
import type { Rollout } from '../model/rollout.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { withoutPin } from './generation-pins.ts';
import { plannedGeneration } from './planned-generation.ts';
import { choiceOf, holdBefore, withNodeChoices } from './rollout-change.ts';
import type { StepChange, StepFacts } from './step-change.ts';

type Of = NonNullable<Operation['rollout']>;

export function changeOfRolloutStep(node: OperationNode, of: Of, around: StepFacts): StepChange {
  const step = node.steps.at(-1)?.step;
  // What is to be booted again was written down when the way back began.
  const isChange = (step === 'set' && of.way === 'forward') || step === 'revert';
  const state = around.fleet.state.current();
  const rollout = state.rollouts[of.id];
  if (!isChange || rollout === undefined) return { kind: 'change', apply: (same) => same, events: [] };
  return step === 'set' ? setNew(node, rollout, around) : takeBack(node, rollout, around);
}

function setNew({ node }: OperationNode, rollout: Rollout, { fleet }: StepFacts): StepChange {
  const { target, from } = rollout;
  const view = fleet.viewOf(fleet.state.current());
  const known = view.nodes.find(({ name }) => name === node);
  if (known?.role !== target.role)
    return { kind: 'refused', reason: `${node} has not the role ${target.role} any more` };
  if (target.kind === 'overlay') {
    const apply = (state: State) => ({ ...state, generationPins: withoutPin(state.generationPins, node) });
    return { kind: 'change', apply, events: [released(node, rollout)] };
  }
  if (!isPublished(target.image, view)) return { kind: 'refused', reason: `${target.image} is gone` };
  return {
    kind: 'change',
    apply: (state) => ({ ...state, imageChoices: withNodeChoices(state, [node], choiceOf(target.image, rollout.id)) }),
    events: [imageSet(node, { from, to: target.image }, rollout)],
  };
}

function isPublished(reference: string, { images }: ClusterView): boolean {
  const [name = '', version] = reference.split('@');
  return images.get(name)?.some((manifest) => manifest.version === version) === true;
}

/** What did not come up is remembered, so that nobody runs into it again unawares. */
function takeBack(
  { node, operation, cause = 'it did not come up' }: OperationNode,
  rollout: Rollout,
  around: StepFacts,
) {
  const { fleet, nowMs } = around;
  const { target, from } = rollout;
  const bad = plannedGeneration(node, fleet.viewOf(fleet.state.current()));
  const entry = { node, role: target.role, operation, atMs: nowMs, cause };
  const apply = (state: State): State => {
    const after = holdBefore(state, rollout, [node]);
    return bad === undefined ? after : { ...after, quarantine: { ...after.quarantine, [bad]: entry } };
  };
  const events =
    target.kind === 'image'
      ? [imageSet(node, { from: target.image, to: from }, rollout, cause)]
      : [heldAgain(node, rollout, cause)];
  return { kind: 'change', apply, events } as const;
}

function imageSet(
  node: string,
  { from, to }: { from: string | undefined; to: string | undefined },
  { id }: Rollout,
  reason?: string,
): NewEvent {
  return { kind: 'node.image-set', node, fields: { name: node, from, to, reason, by: `rollout ${id}` } };
}

const released = (node: string, { id }: Rollout): NewEvent => ({
  kind: 'node.released',
  node,
  fields: { by: `rollout ${id}` },
});

function heldAgain(node: string, { id, nodes }: Rollout, reason: string): NewEvent {
  const generation = nodes.find((each) => each.node === node)?.before?.generation;
  return { kind: 'node.held', node, fields: { generation, reason, by: `rollout ${id}` } };
}
