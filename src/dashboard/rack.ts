/** How the rack is laid out: which boards are shown, and in which shelf each stands. */
import type { NodeTile } from '../api/schemas/watch.ts';
import { states } from './tile.ts';

export const groupings = ['switch', 'role', 'image', 'state'] as const;
export type Grouping = (typeof groupings)[number];

export interface RackFilter {
  /** Words that all must be found in a node's name, role, image, address or port. */
  readonly text: string;
  /** None: all of them. */
  readonly states: ReadonlySet<NodeTile['state']>;
}

export interface Shelf {
  readonly name: string;
  readonly tiles: readonly NodeTile[];
}

const withoutPort = 'no switch port';

export function shelvesOf(nodes: Iterable<NodeTile>, grouping: Grouping, filter: RackFilter): Shelf[] {
  const shelves = new Map<string, NodeTile[]>();
  for (const tile of nodes) {
    if (!isShown(tile, filter)) continue;
    const name = shelfOf(tile, grouping);
    const shelf = shelves.get(name);
    if (shelf === undefined) shelves.set(name, [tile]);
    else shelf.push(tile);
  }
  const named = [...shelves].map(([name, tiles]) => ({
    name,
    tiles: grouping === 'switch' && name !== withoutPort ? tiles.toSorted(byPort) : tiles,
  }));
  return named.toSorted((one, other) => compareShelves(one.name, other.name, grouping));
}

const byPort = (one: NodeTile, other: NodeTile) => (one.power?.port ?? 0) - (other.power?.port ?? 0);

function shelfOf(tile: NodeTile, grouping: Grouping): string {
  switch (grouping) {
    case 'switch':
      return tile.power?.switch ?? withoutPort;
    case 'role':
      return tile.role;
    case 'image':
      return tile.image ?? 'runs nothing yet';
    case 'state':
      return tile.state;
    default:
      return grouping satisfies never;
  }
}

function compareShelves(one: string, other: string, grouping: Grouping): number {
  if (grouping === 'state')
    return states.findIndex((state) => state === one) - states.findIndex((state) => state === other);
  if ((one === withoutPort) !== (other === withoutPort)) return one === withoutPort ? 1 : -1;
  return one.localeCompare(other, 'en', { numeric: true });
}

function isShown(tile: NodeTile, { text, states: wanted }: RackFilter): boolean {
  if (wanted.size > 0 && !wanted.has(tile.state)) return false;
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return true;
  const port = tile.power === undefined ? '' : `${tile.power.switch}/${tile.power.port}`;
  const facts = [tile.name, tile.role, tile.image ?? '', tile.address, tile.board, port].join(' ').toLowerCase();
  return words.every((word) => facts.includes(word));
}

export interface StateCount {
  readonly state: NodeTile['state'];
  readonly count: number;
}

/** Of the states that somebody is in, the worst first. */
export function countStates(nodes: Iterable<NodeTile>): StateCount[] {
  const counts = new Map<NodeTile['state'], number>();
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
  return states.map((state) => ({ state, count: counts.get(state) ?? 0 })).filter(({ count }) => count > 0);
}

/** Above this many boards each one is drawn smaller. */
const roomyLimit = 120;

export const isDense = (count: number) => count > roomyLimit;
