/** Boards are drawn anew a few at a time: to lay hundreds of them out in one frame would hold the page up. */
import type { Cluster } from './cluster.ts';

type Nodes = Cluster['nodes'];

/** @returns `known`, with at most so many boards that are not as drawn before; the same map when that is all of them */
export function drawTiles(drawn: Nodes, known: Nodes, most: number): Nodes {
  const changed = [...known].filter(([name, tile]) => drawn.has(name) && drawn.get(name) !== tile);
  if (changed.length <= most) return known;
  const later = new Set(changed.slice(most).map(([name]) => name));
  return new Map([...known].map(([name, tile]) => [name, later.has(name) ? (drawn.get(name) ?? tile) : tile]));
}
