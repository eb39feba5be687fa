/** Changes of nodes, in the running service's state or in a database that is opened for one command. */
import type { ChangeOptions, NodeActions, Tagged } from '../api/actions.ts';
import type { NodesChange } from '../api/schemas/node.ts';
import type { Database } from '../host/database/open.ts';
import type { NewEvent } from '../model/event.ts';
import { parseMac } from '../model/mac.ts';
import { nodesWithMacs, type State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import {
  addNode,
  adoptBoard,
  editNode,
  noNode,
  removeNode,
  replaceAll,
  requireEdited,
  type Nodes,
} from '../plan/edit-nodes.ts';
import { etagOf, requireMatch } from '../plan/etag.ts';
import { diffNodes, type NodeChange } from '../plan/node-changes.ts';
import { replaceNodes } from '../plan/state-changes.ts';

export interface NodeChangeDeps {
  readonly state: Pick<Database['state'], 'current' | 'update'>;
  readonly view: () => Pick<ClusterView, 'cluster' | 'overlays' | 'images'>;
}

/** Tags are those of nodes as they are shown: with the MAC addresses that were learned. */
export const nodesTag = (state: State) => etagOf(nodesWithMacs(state));

export function nodeTag(state: State, name: string): string | undefined {
  const node = nodesWithMacs(state).find((candidate) => candidate.name === name);
  return node && etagOf(node);
}

export function nodeChanges(deps: NodeChangeDeps): NodeActions {
  const one = (name: string, edit: Edit['edit'], options: ChangeOptions, kind?: string) =>
    carryOut(
      deps,
      { edit, guard: (state) => guardNode(state, name, options), tag: (state) => nodeTag(state, name), kind },
      options,
    );
  return {
    applyNodes: (nodes, options) => {
      const guard = (state: State) => requireMatch('the list of nodes', nodesWithMacs(state), options.ifMatch);
      return carryOut(deps, { edit: (state) => replaceAll(state.nodes, nodes), guard, tag: nodesTag }, options);
    },
    addNode: (node, options) => one(node.name, ({ nodes }) => addNode(nodes, node), options),
    patchNode: (name, patch, options) => one(name, ({ nodes }) => editNode(nodes, name, patch), options),
    removeNode: (name, options) => one(name, ({ nodes }) => removeNode(nodes, name), options),
    adopt: (mac, as, options) => one(as.name, (state) => adoptBoard(state, parseMac(mac), as), options, 'node.adopted'),
  };
}

interface Edit {
  readonly edit: (state: State) => Nodes;
  /** @throws ChangedError */
  readonly guard: (state: State) => void;
  readonly tag: (state: State) => string | undefined;
  /** Of the event, instead of the one that follows from the change. */
  readonly kind?: string | undefined;
}

async function carryOut(
  { state, view }: NodeChangeDeps,
  { edit, guard, tag, kind }: Edit,
  { by, dryRun }: ChangeOptions,
): Promise<Tagged<NodesChange>> {
  const change = (current: State): State => {
    guard(current);
    const nodes = edit(current);
    requireEdited(current.nodes, nodes, view());
    return replaceNodes(current, nodes);
  };
  const before = state.current();
  const after = change(before);
  const changes = diffNodes(before.nodes, after.nodes);
  const answer = { dryRun, changes: changes.map(answerOf) };
  if (dryRun) return { answer, etag: tag(before) };
  // Applied to the same state in the same turn: nothing comes between the check above and this.
  if (changes.length > 0)
    await state.update(
      change,
      changes.map((each) => eventOf(each, by, kind)),
    );
  return { answer, etag: tag(after) };
}

function guardNode(state: State, name: string, { ifMatch }: ChangeOptions): void {
  if (ifMatch === undefined) return;
  const nodes = nodesWithMacs(state);
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw noNode(name, nodes);
  requireMatch(name, node, ifMatch);
}

function answerOf(change: NodeChange): NodesChange['changes'][number] {
  const fields = change.kind === 'changed' ? [...change.fields] : [];
  return { kind: change.kind, node: change.node.name, fields };
}

/** Fields of a changed node by their names: `address: 10.42.0.11 -> 10.42.0.12`. */
function eventOf(change: NodeChange, by: string, kind = `node.${change.kind}`): NewEvent {
  const { name, role } = change.node;
  const fields = change.kind === 'changed' ? change.fields : [];
  const facts = Object.fromEntries(
    fields.map(({ field, before, after }) => [field, `${before ?? '-'} -> ${after ?? '-'}`]),
  );
  return { kind, node: name, fields: { by, ...(change.kind === 'added' && { role }), ...facts } };
}
