/** What the end of a step changes in the state beside the journal: the node's role, there and back. */
import type { OperationNode } from '../model/operation.ts';
import { planRoleChange } from '../plan/role-change.ts';
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

function setRole({ node: name }: OperationNode, { operation, fleet }: StepFacts): StepChange {
  const view = fleet.viewOf(fleet.state.current());
  const node = view.nodes.find((each) => each.name === name);
  if (node === undefined) return { kind: 'refused', reason: `${name} was removed` };
  const decision = planRoleChange(node, operation.role, view, fleet.running());
  if (decision.kind === 'refused') return { kind: 'refused', reason: decision.reason };
  if (decision.kind === 'same') return nothing;
  return {
    kind: 'change',
    apply: (state) => withRole(state, name, operation.role),
    events: [roleSet(name, decision.diff, `operation ${operation.id}`)],
  };
}

/** What did not come up is remembered, so that nobody runs into it again unawares. */
function revertRole(node: OperationNode, { operation, fleet, nowMs }: StepFacts): StepChange {
  const { node: name, from, cause = 'it did not come up' } = node;
  const view = fleet.viewOf(fleet.state.current());
  const known = view.nodes.find((each) => each.name === name);
  const back = known && planRoleChange(known, from, view, fleet.running());
  const bad = back?.kind === 'change' ? back.diff.generation.from : undefined;
  const entry = { node: name, role: operation.role, operation: operation.id, atMs: nowMs, cause };
  const fields = { from: operation.role, to: from, reason: cause, by: `operation ${operation.id}` };
  return {
    kind: 'change',
    apply: (state) => {
      const after = withRole(state, name, from);
      return bad === undefined ? after : { ...after, quarantine: { ...after.quarantine, [bad]: entry } };
    },
    events: [{ kind: 'node.role-set', node: name, fields }],
  };
}
