/** Roots in memory: of which nodes is it not known how much memory they have? What they have decides whether they may boot. */
import { boards } from '../model/board.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterView } from '../model/view.ts';

const shownNames = 5;

/** Paths are those of cluster.yaml. */
export function noteMemory({ cluster, nodes, roots }: ClusterView): Problem[] {
  return Object.entries(cluster.roles).flatMap(([role, { root, vars }]): Problem[] => {
    if (root !== 'ram' || vars['memoryMib'] !== undefined || cluster.vars['memoryMib'] !== undefined) return [];
    const unknown = nodes.filter(
      (node) => node.role === role && node.vars['memoryMib'] === undefined && roots?.memoryMib?.has(node.name) !== true,
    );
    const [first] = unknown;
    if (first === undefined) return [];
    const names = unknown.slice(0, shownNames).map(({ name }) => name);
    const more = unknown.length > shownNames ? ` and ${unknown.length - shownNames} more` : '';
    const message = `how much memory ${names.join(', ')}${more} have is not known: the smallest of their family counts, for a ${first.board} ${boards[first.board].memoryMib} MiB`;
    const hint = 'Write vars: { memoryMib: … } at each node: what "free -m" calls total.';
    return [{ path: ['roles', role, 'root'], message, hint }];
  });
}
