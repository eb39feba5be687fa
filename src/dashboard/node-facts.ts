/** What is known of a node, as pairs of words; what is not known is left out. */
import type { Node } from '../api/schemas/node.ts';
import type { NodeTile } from '../api/schemas/watch.ts';
import { showTile } from './tile.ts';
import { renderDuration } from './words.ts';

/** @param node what a question of its own has told; undefined before that */
export function factsOf(tile: NodeTile, node: Node | undefined): (readonly [name: string, value: string])[] {
  const { port, temperature } = showTile(tile);
  const heartbeat = node?.status.heartbeat;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Role', tile.role],
    ['Runs', tile.image ?? 'nothing yet'],
    ['Next boot', tile.next],
    ['Board', tile.board],
    ['Address', tile.address],
    ['MAC', node?.mac],
    ['Serial', node?.serial],
    ['PoE port', port],
    ['Temperature', temperature],
    ['Up for', heartbeat && renderDuration(heartbeat.uptimeSeconds * 1000)],
    ['Load', heartbeat?.load.toFixed(2)],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]));
}
