/** Which nodes could not boot now, and why? One that waits for its root to be made is none of them. One node stands for all of its role and board. */
import type { NodeSpec } from '../model/node.ts';
import type { Desired, Site } from './site.ts';

const shownNames = 5;

export function nodeProblems(site: Pick<Site, 'view' | 'desired'>): string[] {
  const groups = groupNodes(site.view().nodes);
  return [...groups.values()].flatMap((nodes) => {
    // One that waits in the hold boot stands for itself alone: what became of it is told by its operation.
    const desired = firstNotOnHold(nodes, site);
    if (desired?.kind !== 'refused' || desired.isBeingMade === true) return [];
    const names = nodes.slice(0, shownNames).map(({ name }) => name);
    const more = nodes.length > shownNames ? ` and ${nodes.length - shownNames} more` : '';
    return [`${names.join(', ')}${more} cannot boot: ${desired.reason}`];
  });
}

function firstNotOnHold(nodes: readonly NodeSpec[], site: Pick<Site, 'desired'>): Desired | undefined {
  for (const node of nodes) {
    const desired = site.desired(node);
    if (desired.kind === 'boots' || desired.isOnHold !== true) return desired;
  }
  return undefined;
}

function groupNodes(nodes: readonly NodeSpec[]): Map<string, NodeSpec[]> {
  const groups = new Map<string, NodeSpec[]>();
  for (const node of nodes) {
    const key = `${node.role} ${node.board}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return groups;
}
