/** Nodes as the dashboard is told of them. */
import type { ClusterNews, NodeTile } from '../../src/api/schemas/watch.ts';
import type { Event } from '../../src/model/event.ts';

export function sampleTile(name: string, more: Partial<NodeTile> = {}): NodeTile {
  return {
    name,
    board: 'pi4',
    address: '10.42.0.11',
    role: 'compute',
    state: 'ready',
    image: 'debian-lite@20261121.1',
    boot: { id: `${name}-1`, startedAtMs: 1000, phase: 'ready', isOpen: false },
    ...more,
  };
}

export function sampleNews(nodes: readonly NodeTile[], more: Partial<ClusterNews> = {}): ClusterNews {
  return { asOf: 10, isWhole: true, nodes: [...nodes], removed: [], ...more };
}

export function sampleEvent(id: number, kind: string, node?: string, fields: Event['fields'] = {}): Event {
  return { id, atMs: 1_795_248_900_000 + id, kind, ...(node !== undefined && { node }), fields };
}
