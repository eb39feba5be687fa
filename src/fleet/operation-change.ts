/** What the end of a step changes in the state beside the journal: the node's role, there and back. */
import type { NewEvent } from '../model/event.ts';
import { holdBoot, type GenerationPin } from '../model/generation-pin.ts';
import type { OperationNode } from '../model/operation.ts';
import { holdOfFallBack } from '../plan/fall-back.ts';
import { holdImageOf } from '../plan/hold.ts';
import { planRoleChange } from '../plan/role-change.ts';
import { withPin } from './generation-pins.ts';
import { roleSet, withRole } from './role-change.ts';
import { changeOfRolloutStep } from './rollout-step.ts';
import type { StepChange, StepFacts } from './step-change.ts';

const nothing: StepChange = { kind: 'change', apply: (state) => state, events: [] };

export function changeOfStep(node: OperationNode, around: StepFacts): StepChange {
  const { rollout } = around.operation;
  if (rollout !== undefined) return changeOfRolloutStep(node, rollout, around);
  const step = node.steps.at(-1)?.step;
  if (step === 'set') return setRole(node, around);
  return step === 'revert' ? revertRole(node, around) : nothing;
}

function setRole({ node: name }: OperationNode, { operation, fleet, lastGood }: StepFacts): StepChange {
  const view = fleet.viewOf(fleet.state.current());
  const node = view.nodes.find((each) => each.name === name);
  if (node === undefined) return { kind: 'refused', reason: `${name} was removed` };
  const decision = planRoleChange(node, operation.role, view, fleet.running());
  if (decision.kind === 'refused') return { kind: 'refused', reason: decision.reason };
  if (decision.kind === 'same') return nothing;
  const pinBefore = fleet.state.current().generationPins[name];
  return {
    kind: 'change',
    apply: (state) => withRole(state, name, operation.role),
    events: [roleSet(name, decision.diff, `operation ${operation.id}`)],
    journal: { ...(lastGood !== undefined && { before: lastGood }), ...(pinBefore !== undefined && { pinBefore }) },
  };
}

const toHoldBoot = 'nothing that came up before is kept: it gets the hold boot';

/** What did not come up is remembered, so that nobody runs into it again unawares. */
function revertRole(node: OperationNode, { operation, fleet, lastGood, nowMs }: StepFacts): StepChange {
  const { node: name, from, cause = 'it did not come up' } = node;
  const view = fleet.viewOf(fleet.state.current());
  const known = view.nodes.find((each) => each.name === name);
  const back = known && planRoleChange(known, from, view, fleet.running());
  const bad = back?.kind === 'change' ? back.diff.generation.from : undefined;
  const entry = { node: name, role: operation.role, operation: operation.id, atMs: nowMs, cause };
  const fields = { from: operation.role, to: from, reason: cause, by: `operation ${operation.id}` };
  const planned = back?.kind === 'change' ? back.diff.generation.to : undefined;
  const holdImage = known && holdImageOf({ ...known, role: from }, view);
  const pin = holdOfFallBack(node, { planned, lastGood, holdImage });
  return {
    kind: 'change',
    apply: (state) => {
      const after = withPin(withRole(state, name, from), name, pin);
      return bad === undefined ? after : { ...after, quarantine: { ...after.quarantine, [bad]: entry } };
    },
    events: [
      { kind: 'node.role-set', node: name, fields },
      ...(pin === undefined ? [] : [heldAgain(name, pin, cause)]),
    ],
    ...(pin !== undefined && {
      journal: { heldAt: pin.generation },
      detail: pin.generation === holdBoot ? toHoldBoot : `it is held at generation ${pin.generation.slice(0, 12)}`,
    }),
  };
}

function heldAgain(node: string, { generation, image, by }: GenerationPin, reason: string): NewEvent {
  return { kind: 'node.held', node, fields: { generation, image, reason, by } };
}
