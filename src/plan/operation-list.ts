/** Operations as the state keeps them: their numbers, which are forgotten, and each with its nodes. */
import type { Operation, OperationNode } from '../model/operation.ts';
import type { State } from '../model/state.ts';

type Operations = Pick<State, 'operations' | 'operationNodes'>;

type Numbered = Pick<State, 'operations' | 'mungeRotations' | 'imageBuilds'>;

/** The newest one is always kept, so no number is given twice. Rotations and builds have numbers of the same row. */
export function nextOperationId({ operations, mungeRotations, imageBuilds }: Numbered): string {
  const known = [operations, mungeRotations, imageBuilds].flatMap((each) => Object.keys(each));
  return String(Math.max(0, ...known.map(Number)) + 1);
}

/** So many that have ended are kept to look back at. */
const keptOperations = 100;

/** The same object when there is nothing to forget. */
export function forgetOperations(state: State): State {
  // A rollout still has to read off its operation how its nodes did.
  const open = Object.values(state.rollouts).filter(({ endedAtMs }) => endedAtMs === undefined);
  const read = new Set(open.map(({ operation }) => operation));
  const ended = Object.values(state.operations).filter(({ id, endedAtMs }) => endedAtMs !== undefined && !read.has(id));
  const tooMany = ended.length - keptOperations;
  if (tooMany <= 0) return state;
  const gone = new Set(
    ended
      .toSorted((a, b) => Number(a.id) - Number(b.id))
      .slice(0, tooMany)
      .map(({ id }) => id),
  );
  const without = <T>(entries: Readonly<Record<string, T>>, idOf: (item: T) => string) =>
    Object.fromEntries(Object.entries(entries).filter(([, item]) => !gone.has(idOf(item))));
  return {
    ...state,
    operations: without(state.operations, ({ id }) => id),
    operationNodes: without(state.operationNodes, ({ operation }) => operation),
  };
}

export interface OperationWithNodes {
  readonly operation: Operation;
  readonly nodes: readonly OperationNode[];
}

/** Newest first. */
export function listOperations({ operations, operationNodes }: Operations): OperationWithNodes[] {
  const nodes = new Map<string, OperationNode[]>();
  for (const node of Object.values(operationNodes)) {
    const known = nodes.get(node.operation);
    if (known === undefined) nodes.set(node.operation, [node]);
    else known.push(node);
  }
  return Object.values(operations)
    .toSorted((a, b) => Number(b.id) - Number(a.id))
    .map((operation) => ({ operation, nodes: nodes.get(operation.id) ?? [] }));
}
