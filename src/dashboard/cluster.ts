/** What the page knows of the cluster, and how news and events change it. Nodes that do not change stay the same objects. */
import type { Role } from '../api/schemas/role.ts';
import type { Image } from '../api/schemas/service.ts';
import type { ClusterNews, NodeTile } from '../api/schemas/watch.ts';
import type { BootPhase } from '../model/boot-phase.ts';
import type { Event } from '../model/event.ts';
import type { WaitingBoard } from '../model/state.ts';

export interface Cluster {
  /** False until the first news are there. */
  readonly isKnown: boolean;
  /** Number of the newest event that `nodes` hold. */
  readonly asOf: number;
  readonly nodes: ReadonlyMap<string, NodeTile>;
  readonly boards: readonly WaitingBoard[];
  readonly images: readonly Image[];
  readonly roles: readonly Role[];
  /** Newest first, a few hundred. */
  readonly events: readonly Event[];
}

export const unknownCluster: Cluster = {
  isKnown: false,
  asOf: 0,
  nodes: new Map(),
  boards: [],
  images: [],
  roles: [],
  events: [],
};

const keptEvents = 300;

export function applyNews(cluster: Cluster, news: ClusterNews): Cluster {
  const nodes = new Map(news.isWhole ? [] : cluster.nodes);
  for (const tile of news.nodes) nodes.set(tile.name, keepEqual(cluster.nodes.get(tile.name), tile));
  for (const name of news.removed) nodes.delete(name);
  return {
    ...cluster,
    isKnown: true,
    asOf: Math.max(cluster.asOf, news.asOf),
    // A name that is there keeps its place.
    nodes: news.isWhole || news.nodes.some(({ name }) => !cluster.nodes.has(name)) ? sorted(nodes) : nodes,
    boards: news.boards ?? cluster.boards,
    images: news.images ?? cluster.images,
    roles: news.roles ?? cluster.roles,
  };
}

/** Whole news after a break are mostly what was known: tiles that are the same are not drawn again. */
function keepEqual(before: NodeTile | undefined, after: NodeTile): NodeTile {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

const byName = new Intl.Collator('en', { numeric: true });

function sorted(nodes: Map<string, NodeTile>): Map<string, NodeTile> {
  return new Map([...nodes].toSorted(([one], [other]) => byName.compare(one, other)));
}

/** All events that came together, oldest first. */
export function applyEvents(cluster: Cluster, events: readonly Event[]): Cluster {
  const last = cluster.events[0]?.id ?? 0;
  const fresh = events.filter(({ id }) => id > last);
  if (fresh.length === 0) return cluster;
  // What the news held already is listed, and changes nothing.
  const nodes = nodesAfter(
    cluster.nodes,
    fresh.filter(({ id }) => id > cluster.asOf),
  );
  const adopted = new Set(fresh.filter(({ kind }) => kind === 'node.adopted').map(({ fields }) => fields['mac']));
  return {
    ...cluster,
    nodes,
    boards: adopted.size === 0 ? cluster.boards : cluster.boards.filter(({ mac }) => !adopted.has(mac)),
    events: [...fresh.toReversed(), ...cluster.events].slice(0, keptEvents),
  };
}

/** The same map when nothing of it has changed. */
function nodesAfter(before: Cluster['nodes'], events: readonly Event[]): Cluster['nodes'] {
  let nodes: Map<string, NodeTile> | undefined;
  for (const event of events) {
    const name = event.node ?? '';
    const tile = (nodes ?? before).get(name);
    const after = tile === undefined ? newTile(name, event) : tileAfter(tile, event);
    if (after === tile && event.kind !== 'node.removed') continue;
    nodes ??= new Map(before);
    if (after === undefined || event.kind === 'node.removed') nodes.delete(name);
    else nodes.set(name, after);
    if (tile === undefined) nodes = sorted(nodes);
  }
  return nodes ?? before;
}

/** The news know more of it, a few seconds later. */
function newTile(name: string, { kind, fields }: Event): NodeTile | undefined {
  if (kind !== 'node.added' && kind !== 'node.adopted') return undefined;
  const { board, address, role } = fields;
  return {
    name,
    board: board as NodeTile['board'],
    address: String(address),
    role: String(role),
    state: 'new',
  };
}

/** How a boot that ended shows on its node until the next news, which know more. */
const stateOfEnd: Readonly<Record<string, NodeTile['state']>> = {
  'boot.ready': 'ready',
  'boot.handed-over': 'up',
  'boot.failed': 'failed',
  'boot.silent': 'silent',
  'boot.restarted': 'silent',
};

export function tileAfter(tile: NodeTile, { kind, atMs, fields }: Event): NodeTile {
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  switch (kind) {
    case 'boot.begun': {
      const boot = { id: text('boot') ?? '', startedAtMs: atMs, phase: 'offered' as const, isOpen: true };
      return { ...tile, state: 'booting', reason: undefined, temperatureCelsius: undefined, boot };
    }
    case 'boot.phase':
      return atPhase(tile, text('phase') as BootPhase | undefined, { boot: text('boot'), detail: text('detail') });
    case 'node.role-set':
      return { ...tile, role: text('to') ?? tile.role };
    default: {
      const state = stateOfEnd[kind];
      if (state === undefined || tile.boot === undefined || tile.boot.id !== text('boot')) return tile;
      const phase = state === 'ready' || state === 'failed' ? state : tile.boot.phase;
      return { ...tile, state, reason: text('cause'), boot: { ...tile.boot, phase, isOpen: false } };
    }
  }
}

function atPhase(
  tile: NodeTile,
  phase: BootPhase | undefined,
  { boot, detail }: { readonly boot: string | undefined; readonly detail: string | undefined },
): NodeTile {
  if (phase === undefined || tile.boot === undefined || tile.boot.id !== boot) return tile;
  const isWaiting = phase === 'waiting';
  const state = tile.boot.isOpen ? (isWaiting ? 'waiting' : 'booting') : tile.state;
  return { ...tile, state, reason: isWaiting ? detail : tile.reason, boot: { ...tile.boot, phase } };
}
