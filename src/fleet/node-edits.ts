/** Adds, changes and removes nodes, and gives boards a name: each with its event in the same transaction. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { parseMac } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import { isSameList } from '../model/same-list.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import {
  addNode,
  adoptBoard,
  editNode,
  removeNode,
  replaceAll,
  requireEdited,
  type Adoption,
  type NodeEdit,
  type Nodes,
} from '../plan/edit-nodes.ts';
import { etagOf, requireMatch } from '../plan/etag.ts';
import { diffNodes, type NodeChange } from '../plan/node-changes.ts';
import { requireFree } from '../plan/operation-guard.ts';
import { refuseSecondController, type RunningRoles } from '../plan/role-change.ts';
import { replaceNodes } from '../plan/state-changes.ts';
import { commit, tagOf, type Edited, type Fleet } from './fleet.ts';
import { nodeEvents, shownChange, type AddedKind, type NodesChange } from './node-events.ts';
import { refusal } from './role-change.ts';

export interface NodeEdits {
  readonly applyNodes: (nodes: Nodes, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  readonly addNode: (node: NodeSpec, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  readonly patchNode: (name: string, edit: NodeEdit, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  readonly removeNode: (name: string, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
  readonly adopt: (mac: string, as: Adoption, options: ChangeOptions) => Promise<Tagged<NodesChange>>;
}

export function nodeEdits(fleet: Fleet): NodeEdits {
  const one = async (name: string, options: ChangeOptions, edit: Edit['edit'], addedKind?: AddedKind) => {
    const guard = (view: ClusterView) => guardNode(name, view, options);
    const { state, answer } = await carryOut(fleet, { edit, guard, addedKind }, options);
    return { answer, etag: tagOf(name, fleet.viewOf(state)) };
  };
  return {
    applyNodes: async (nodes, options) => {
      const edit = (before: State) => replaceAll(before.nodes, nodes);
      const guard = (view: ClusterView) => requireMatch('the list of nodes', view.nodes, options.ifMatch);
      const { state, answer } = await carryOut(fleet, { edit, guard }, options);
      return { answer, etag: etagOf(fleet.viewOf(state).nodes) };
    },
    addNode: (node, options) => one(node.name, options, ({ nodes }) => addNode(nodes, node)),
    patchNode: (name, edit, options) => one(name, options, ({ nodes }) => editNode(nodes, name, edit)),
    removeNode: (name, options) => one(name, options, ({ nodes }) => removeNode(nodes, name)),
    adopt: (mac, as, options) =>
      one(as.name, options, (before) => adoptBoard(before, parseMac(mac), as), 'node.adopted'),
  };
}

/** What an operation changes itself, or needs: whether a node is there, and its role. */
function isOperations(change: NodeChange): boolean {
  return (
    change.kind === 'removed' || (change.kind === 'changed' && change.fields.some(({ field }) => field === 'role'))
  );
}

interface Edit {
  readonly edit: (before: State) => Nodes;
  /** @throws ChangedError */
  readonly guard: (view: ClusterView) => void;
  readonly addedKind?: AddedKind | undefined;
}

function carryOut(
  fleet: Fleet,
  { edit, guard, addedKind }: Edit,
  options: ChangeOptions,
): Promise<Edited<NodesChange>> {
  const change = (before: State): Edited<NodesChange> => {
    const view = fleet.viewOf(before);
    guard(view);
    const nodes = edit(before);
    refuseControllers(before.nodes, { ...view, nodes }, fleet.running());
    requireEdited(before.nodes, nodes, view);
    const changes = diffNodes(before.nodes, nodes);
    requireFree(
      changes.filter(isOperations).map(({ node }) => node.name),
      before,
    );
    return {
      state: isSameList(nodes, before.nodes) ? before : replaceNodes(before, nodes),
      events: changes.flatMap((each) => nodeEvents(each, options.by, addedKind)),
      answer: { dryRun: options.dryRun, changes: changes.map(shownChange) },
    };
  };
  return commit(fleet, change, options);
}

/** Whoever becomes the controller must be alone: in the list, and on the boards that run. @throws RefusedError */
function refuseControllers(before: Nodes, after: ClusterView, running: RunningRoles): void {
  const roles = new Map(before.map(({ name, role }) => [name, role]));
  for (const node of after.nodes) {
    if (roles.get(node.name) === node.role) continue;
    const refused = refuseSecondController(node, node.role, after, running);
    if (refused !== undefined) throw refusal(refused);
  }
}

function guardNode(name: string, { nodes }: ClusterView, { ifMatch }: ChangeOptions): void {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) requireMatch(`node ${name}`, node, ifMatch);
}
