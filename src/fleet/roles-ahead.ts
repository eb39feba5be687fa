/** What a role changes on many nodes, decided in slices: heartbeats and questions are answered in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { NodeSpec } from '../model/node.ts';
import { isSameList } from '../model/same-list.ts';
import type { ClusterView } from '../model/view.ts';
import { roleChangePlanner, type RoleDecision } from '../plan/role-change.ts';
import type { Fleet } from './fleet.ts';

/** Some ten milliseconds on a Raspberry Pi. */
const nodesOfSlice = 8;

/** It changed under the slices so often that the next ones would not be done in time either. */
const mostTries = 3;

type Decide = (node: NodeSpec) => RoleDecision;

export interface RolesAhead {
  /** What was decided ahead where it still holds; else it is decided now. */
  readonly planner: (view: ClusterView) => Decide;
}

/** For the change that is made next: its nodes are decided before it, and it asks for them while nothing can change. */
export async function planRolesAhead(
  names: readonly string[],
  role: string,
  { state, viewOf, running }: Pick<Fleet, 'state' | 'viewOf' | 'running'>,
): Promise<RolesAhead> {
  const wanted = new Set(names);
  const changing = ({ nodes }: ClusterView) => nodes.filter(({ name }) => wanted.has(name));
  const plannerOf = (view: ClusterView) => roleChangePlanner(changing(view), role, view, running());
  let view = viewOf(state.current());
  // A few are one slice: there is nothing to be done ahead.
  if (names.length <= nodesOfSlice) return { planner: plannerOf };
  let decisions = new Map<string, RoleDecision>();
  for (let tries = 1; tries <= mostTries; tries += 1) {
    decisions = await inSlices(changing(view), plannerOf(view));
    const now = viewOf(state.current());
    if (isSameView(now, view)) break;
    view = now;
  }
  return {
    planner: (now) => {
      const decide = plannerOf(now);
      return isSameView(now, view) ? (node) => decisions.get(node.name) ?? decide(node) : decide;
    },
  };
}

async function inSlices(nodes: readonly NodeSpec[], decide: Decide): Promise<Map<string, RoleDecision>> {
  const decisions = new Map<string, RoleDecision>();
  for (const [index, node] of nodes.entries()) {
    decisions.set(node.name, decide(node));
    if (index % nodesOfSlice === nodesOfSlice - 1) await nextTurn();
  }
  return decisions;
}

function isSameView(one: ClusterView, other: ClusterView): boolean {
  if (one === other) return true;
  const { nodes: _nodes, ...rest } = { ...one, ...other };
  const keys = Object.keys(rest) as (keyof typeof rest)[];
  return isSameList(one.nodes, other.nodes) && keys.every((key) => one[key] === other[key]);
}
