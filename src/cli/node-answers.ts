/** Where nodes stand, as the running service knows it. */
import type { NodeAnswer } from '../api/actions.ts';
import { asWritten } from '../model/node-address.ts';
import type { NodeSpec } from '../model/node.ts';
import { decideNodeStatus, type NodeFacts } from '../plan/node-status.ts';
import type { Desired } from '../serve/site.ts';
import type { Service } from './wire-up.ts';

export type StatusSources = Pick<Service, 'site' | 'boots' | 'heartbeats' | 'reboots' | 'conflicts'>;

/** Boots are sorted once for all nodes: there are thousands. */
export function nodeAnswers(sources: StatusSources, nodes: readonly NodeSpec[]): NodeAnswer[] {
  const generations = sources.boots.generations();
  const boots = groupBy(sources.boots.all(), (boot) => boot.node);
  const conflicts = sources.conflicts.current(sources.site.view().nodes, Date.now());
  return nodes.map((node) => {
    const conflict = conflicts.findLast(({ nodes: names }) => names.includes(node.name))?.cause;
    return nodeAnswer(sources, node, { boots: boots.get(node.name) ?? [], generations, conflict });
  });
}

function nodeAnswer(
  { site, heartbeats, reboots }: StatusSources,
  node: NodeSpec,
  known: Pick<NodeFacts, 'boots' | 'generations' | 'conflict'>,
): NodeAnswer {
  const desired = site.desired(node);
  const last = known.boots.at(-1);
  const status = decideNodeStatus({
    ...known,
    heartbeat: heartbeats.of(node.name),
    isSilent: last !== undefined && heartbeats.isSilent(last),
    desired: desired.kind === 'boots' ? desired.frozen.generation : undefined,
    ...refusalOf(desired),
    rebootFailed: reboots.failure(node.name),
  });
  const written = asWritten(node);
  return { ...written, status: { ...status, ...(written !== node && { address: node.address }) } };
}

function refusalOf(desired: Desired): Pick<NodeFacts, 'refusal' | 'preparing'> {
  if (desired.kind === 'boots') return { refusal: undefined };
  const { reason, isBeingMade = false } = desired;
  return isBeingMade ? { refusal: undefined, preparing: reason } : { refusal: reason };
}

/** Map.groupBy, which came with Node 21. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
