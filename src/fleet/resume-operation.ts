/** Takes up again what stopped before its end: decided on the state as it is, written down before anything happens. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import type { Operation, OperationNode } from '../model/operation.ts';
import type { State } from '../model/state.ts';
import { requireMatch } from '../plan/etag.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import { operationNodeKey, requireFree } from '../plan/operation-guard.ts';
import { resumable, resumed } from '../plan/operation.ts';
import { taggedOperation } from '../plan/resource-tags.ts';
import { planRoleChange } from '../plan/role-change.ts';
import { commit, nodeNamed, type Edited, type Fleet } from './fleet.ts';
import { refusal } from './role-change.ts';

export interface ResumedOperation {
  readonly operation: string;
  readonly dryRun: boolean;
  /** Those that were not begun, or kept what they had: it is their turn now. */
  readonly nodes: string[];
}

/** Nodes that failed stay as they are, and a fifth of the others may fail anew. @throws NotFoundError, ChangedError, RefusedError */
export async function resumeOperation(
  id: string,
  options: ChangeOptions,
  fleet: Fleet,
): Promise<Tagged<ResumedOperation>> {
  const { answer } = await commit(fleet, (before) => resume(id, options, { before, fleet }), options);
  return { answer, etag: undefined };
}

function resume(
  id: string,
  { by, dryRun, ifMatch }: ChangeOptions,
  { before, fleet }: { before: State; fleet: Fleet },
): Edited<ResumedOperation> {
  const operation = before.operations[id];
  if (operation === undefined) {
    throw new NotFoundError(`there is no operation ${id} on nodes`, { hint: 'See "pi-image operation list".' });
  }
  requireMatch(`operation ${id}`, taggedOperation(operation), ifMatch);
  requireResumable(operation);
  const own = Object.values(before.operationNodes).filter((node) => node.operation === id);
  const open = own.filter(resumable);
  if (open.length === 0) {
    throw new RefusedError(`operation ${id} has no node left to begin`, {
      hint: `What failed is tried again with "pi-image node set NODES --role ${operation.role} --drain wait --retry".`,
    });
  }
  const names = open.map(({ node }) => node);
  requireFree(names, before);
  requireUnchanged(operation, open, { before, fleet });
  const again = resumed(operation, own);
  const entries = open.map(({ node, from }): [string, OperationNode] => [
    operationNodeKey(id, node),
    { operation: id, node, from, steps: [] },
  ]);
  return {
    state: {
      ...before,
      operations: { ...before.operations, [id]: again },
      operationNodes: { ...before.operationNodes, ...Object.fromEntries(entries) },
    },
    events: [{ kind: 'operation.resumed', fields: { operation: id, nodes: compressHostlist(names), by } }],
    answer: { operation: id, dryRun, nodes: names },
  };
}

function requireResumable({ id, state, rollout }: Operation): void {
  if (rollout !== undefined) {
    throw new RefusedError(`operation ${id} is a part of rollout ${rollout.id}`, {
      hint: `Resume that: "pi-image rollout resume ${rollout.id}".`,
    });
  }
  if (state === 'running') throw new RefusedError(`operation ${id} goes on`);
  if (state === 'done') throw new RefusedError(`operation ${id} has ended: done`);
}

/** Days may have passed since it stopped. */
function requireUnchanged(
  { id, role }: Operation,
  open: readonly OperationNode[],
  { before, fleet }: { before: State; fleet: Fleet },
): void {
  const view = fleet.viewOf(before);
  for (const { node: name, from } of open) {
    const node = nodeNamed(name, view.nodes);
    if (node.role !== from) {
      throw new RefusedError(`${name} was ${from} when operation ${id} began, and is ${node.role} now`, {
        hint: `Begin another one: "pi-image node set NODES --role ${role} --drain wait".`,
      });
    }
    const decision = planRoleChange(node, role, view, fleet.running());
    if (decision.kind === 'refused') throw refusal(decision);
  }
}
