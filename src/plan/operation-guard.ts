/** A node is in one operation at a time, and nobody changes beside it what it changes. */
import { RefusedError } from '../model/errors.ts';
import type { State } from '../model/state.ts';
import { openRotation } from './munge-journal.ts';
import { holdOf } from './operation-hold.ts';

type Operations = Pick<State, 'operations' | 'operationNodes' | 'mungeRotations'>;

/** @returns the operation that works on it, or will; a rotation works on all that hold its key */
export function operationOf(node: string, state: Operations): string | undefined {
  const { operations, operationNodes } = state;
  const own = Object.values(operations).find(
    ({ id, endedAtMs }) => endedAtMs === undefined && isOpen(operationNodes[operationNodeKey(id, node)]),
  );
  if (own !== undefined) return own.id;
  const rotation = openRotation(state);
  return rotation?.nodes.some((each) => each.node === node) === true ? rotation.id : undefined;
}

const isOpen = (node: State['operationNodes'][string] | undefined) => node !== undefined && node.result === undefined;

export const operationNodeKey = (operation: string, node: string): string => `${operation}/${node}`;

/** @throws RefusedError */
export function requireFree(nodes: readonly string[], state: Operations): void {
  for (const node of nodes) {
    const operation = operationOf(node, state);
    if (operation === undefined) continue;
    const rollout = state.operations[operation]?.rollout;
    const stop = rollout === undefined ? `operation cancel ${operation}` : `rollout abort ${rollout.id}`;
    throw new RefusedError(`${node} is in operation ${operation}`, {
      hint: `Wait for it, "pi-image operation watch ${operation}", or stop it: "pi-image ${stop}".`,
    });
  }
}

/** For what takes hold of the whole cluster. @throws RefusedError */
export function requireNoOperation(state: Operations): void {
  const other =
    openRotation(state)?.id ?? Object.values(state.operations).find(({ endedAtMs }) => endedAtMs === undefined)?.id;
  if (other === undefined) return;
  throw new RefusedError(`operation ${other} goes on`, {
    hint: `Wait for it: "pi-image operation watch ${other}".`,
  });
}

/** Nobody works on it beside whoever holds all operations. @throws RefusedError */
export function requireFreeUnlessHeld(
  nodes: readonly string[],
  state: Operations & Pick<State, 'operationHolds'>,
): void {
  if (holdOf(state) === undefined) requireFree(nodes, state);
}
