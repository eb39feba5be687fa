/** Which nodes could not boot now, and why? One that waits for its root to be made is none of them. One node stands for all of its role and board. */
import type { NodeSpec } from '../model/node.ts';
import type { Site } from './site.ts';

const shownNames = 5;

export function nodeProblems(site: Pick<Site, 'view' | 'desired'>): string[] {
  const groups = groupNodes(site.view().nodes);
  return [...groups.values()].flatMap((nodes) => {
    const [first] = nodes;
    const desired = first && site.desired(first);
    if (desired?.kind !== 'refused' || desired.isBeingMade === true) return [];
    const names = nodes.slice(0, shownNames).map(({ name }) => name);
    const more = nodes.length > shownNames ? ` and ${nodes.length - shownNames} more` : '';
    return [`${names.join(', ')}${more} cannot boot: ${desired.reason}`];
  });
}

function groupNodes(nodes: readonly NodeSpec[]): Map<string, NodeSpec[]> {
  const groups = new Map<string, NodeSpec[]>();
  for (const node of nodes) {
    const key = `${node.role} ${node.board}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return groups;
}
