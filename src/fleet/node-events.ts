/** A change of nodes as it is answered, and as it stands in the list of events. */
import { unreachable } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { FieldChange, NodeChange } from '../plan/node-changes.ts';

/** What a change of nodes did, or would do; no change when all is so already. */
export interface NodesChange {
  readonly dryRun: boolean;
  readonly changes: { readonly kind: NodeChange['kind']; readonly node: string; readonly fields: FieldChange[] }[];
}

export type AddedKind = 'node.added' | 'node.adopted';

export function shownChange(change: NodeChange): NodesChange['changes'][number] {
  return { kind: change.kind, node: change.node.name, fields: change.kind === 'changed' ? [...change.fields] : [] };
}

export function nodeEvents(change: NodeChange, by: string, addedKind: AddedKind = 'node.added'): NewEvent[] {
  const { name: node, role, board, address, serial, mac } = change.node;
  switch (change.kind) {
    case 'added':
      return [{ kind: addedKind, node, fields: { role, board, address, serial, mac, by } }];
    case 'removed':
      return [{ kind: 'node.removed', node, fields: { by } }];
    case 'changed':
      return changedEvents(node, change.fields, by);
    default:
      return unreachable(change);
  }
}

/** A role has an event of its own, whatever it was changed with. */
function changedEvents(node: string, fields: readonly FieldChange[], by: string): NewEvent[] {
  const others = fields.filter(({ field }) => field !== 'role');
  const told = others.map(({ field, before, after }) => [field, `${before ?? '-'} -> ${after ?? '-'}`] as const);
  return [
    ...fields
      .filter(({ field }) => field === 'role')
      .map(({ before, after }) => ({ kind: 'node.role-set', node, fields: { from: before, to: after, by } })),
    ...(told.length > 0 ? [{ kind: 'node.changed', node, fields: { ...Object.fromEntries(told), by } }] : []),
  ];
}
