/** What changes of nodes are decided from and written to. */
import type { ChangeOptions } from '../model/change.ts';
import type { StateFile } from '../host/state-file.ts';
import type { NewEvent } from '../model/event.ts';
import type { NodeSpec } from '../model/node.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { noNode } from '../plan/edit-nodes.ts';
import { etagOf } from '../plan/etag.ts';
import type { RunningRoles } from '../plan/role-change.ts';

export interface Fleet {
  readonly state: Pick<StateFile, 'current' | 'update'>;
  /** The site with the nodes of this state. */
  readonly viewOf: (state: State) => ClusterView;
  /** What nodes run now, as far as is known. */
  readonly running: () => RunningRoles;
}

/** What a change makes of a state. */
export interface Edited<T> {
  readonly state: State;
  readonly events: readonly NewEvent[];
  readonly answer: T;
}

/**
 * Decides on the state as it is and changes it in the same breath, so that of two changes at once each sees the other.
 * Resolves when the disk has it; that of a change that finds everything so already, too: it may stand on one that is
 * still under way.
 * @param edit throws what refuses the change
 */
export async function commit<T>(
  { state }: Pick<Fleet, 'state'>,
  edit: (state: State) => Edited<T>,
  { dryRun }: Pick<ChangeOptions, 'dryRun'>,
): Promise<Edited<T>> {
  const seen = state.current();
  const edited = edit(seen);
  if (dryRun) return { ...edited, state: seen };
  await state.update((current) => (current === seen ? edited.state : edit(current).state), edited.events);
  return edited;
}

/** @throws NotFoundError */
export function nodeNamed(name: string, nodes: readonly NodeSpec[]): NodeSpec {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw noNode(name, nodes);
  return node;
}

export function tagOf(name: string, { nodes }: Pick<ClusterView, 'nodes'>): string | undefined {
  const node = nodes.find((candidate) => candidate.name === name);
  return node && etagOf(node);
}
