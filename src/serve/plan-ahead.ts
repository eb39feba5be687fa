/**
 * Plans what nodes boot before they ask: after a start, a new image or an edit of the configuration all of them have to be
 * planned again, which takes a thousand nodes half a second. In slices, so that nobody who asks meanwhile waits for it. So
 * are roles that no node has yet: the first one that gets it would else compile its overlays while somebody waits.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import type { Site } from './site.ts';

/** Of each turn of the event loop. */
const sliceMs = 4;
const pollMs = 200;

export interface PlanAheadDeps extends Pick<Site, 'view' | 'desired'> {
  /** For a node of each role, when the configuration is another: makes what all nodes of a role have in common. */
  readonly prepare: (node: NodeSpec, view: ClusterView) => void;
}

/** Until `signal` aborts. */
export async function planAhead(deps: PlanAheadDeps, signal: AbortSignal): Promise<void> {
  const { view } = deps;
  let planned: ClusterView | undefined;
  while (!signal.aborted) {
    const now = view();
    // What was planned for another configuration is of no use.
    const isStale = () => view() !== now || signal.aborted;
    if (now !== planned) {
      // A change of nodes brings along what it has made itself.
      const isNew = planned === undefined || !isSameConfig(planned, now);
      await planAll(deps, { now, isNew, isStale });
      planned = isStale() ? planned : now;
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

interface Planning {
  readonly now: ClusterView;
  readonly isNew: boolean;
  readonly isStale: () => boolean;
}

async function planAll({ desired, prepare }: PlanAheadDeps, { now, isNew, isStale }: Planning): Promise<void> {
  let sliceBeganMs = performance.now();
  const others = async () => {
    if (performance.now() - sliceBeganMs < sliceMs) return;
    await nextTurn();
    sliceBeganMs = performance.now();
  };
  for (const node of isNew ? oneOfEachRole(now) : []) {
    prepare(node, now);
    await others();
    if (isStale()) return;
  }
  for (const node of now.nodes) {
    desired(node);
    await others();
    if (isStale()) return;
  }
}

/** Where no node has the role, one that would be given it. */
function oneOfEachRole({ cluster, nodes }: ClusterView): NodeSpec[] {
  const [any] = nodes;
  if (any === undefined) return [];
  const holders = new Map(nodes.toReversed().map((node) => [node.role, node]));
  const wouldHave = (role: string): NodeSpec => ({ ...any, role });
  return Object.keys(cluster.roles).map((role) => holders.get(role) ?? wouldHave(role));
}

const isSameConfig = (one: ClusterView, other: ClusterView): boolean =>
  one.cluster === other.cluster &&
  one.overlays === other.overlays &&
  one.images === other.images &&
  one.roots === other.roots;
