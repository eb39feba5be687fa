/** A node is in one operation at a time, and nobody changes beside it what it changes. */
import { RefusedError } from '../model/errors.ts';
import type { State } from '../model/state.ts';

/** @returns the operation that works on it, or will */
export function operationOf(
  node: string,
  { operations, operationNodes }: Pick<State, 'operations' | 'operationNodes'>,
): string | undefined {
  return Object.values(operations).find(
    ({ id, endedAtMs }) => endedAtMs === undefined && isOpen(operationNodes[operationNodeKey(id, node)]),
  )?.id;
}

const isOpen = (node: State['operationNodes'][string] | undefined) => node !== undefined && node.result === undefined;

export const operationNodeKey = (operation: string, node: string): string => `${operation}/${node}`;

/** @throws RefusedError */
export function requireFree(nodes: readonly string[], state: Pick<State, 'operations' | 'operationNodes'>): void {
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
