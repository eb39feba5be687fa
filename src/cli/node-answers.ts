/** Where nodes stand, as the running service knows it. */
import type { NodeAnswer } from '../api/actions.ts';
import { asWritten } from '../model/node-address.ts';
import type { NodeSpec } from '../model/node.ts';
import { decideNodeStatus, runsGeneration, type NodeFacts } from '../plan/node-status.ts';
import type { Desired } from '../serve/site.ts';
import type { Service } from './wire-up.ts';

export type StatusSources = Pick<Service, 'site' | 'heartbeats' | 'reboots' | 'conflicts'> & {
  readonly boots: Pick<Service['boots'], 'ofNode' | 'generation'>;
};

/** The same object for a node as long as nothing that it is made of is another. */
export function nodeAnswers(sources: StatusSources, nodes: readonly NodeSpec[]): NodeAnswer[] {
  const conflicts = sources.conflicts.current(sources.site.view().nodes, Date.now());
  return nodes.map((node) => {
    const conflict = conflicts.findLast(({ nodes: names }) => names.includes(node.name))?.cause;
    return answerFrom(node, factsOf(sources, node, conflict));
  });
}

function factsOf(
  { site, boots, heartbeats, reboots }: StatusSources,
  node: NodeSpec,
  conflict: string | undefined,
): NodeFacts {
  const own = boots.ofNode(node.name);
  const last = own.at(-1);
  const runs = runsGeneration(own);
  return {
    boots: own,
    runs: runs === undefined ? undefined : boots.generation(runs),
    heartbeat: heartbeats.of(node.name),
    isSilent: last !== undefined && heartbeats.isSilent(last),
    rebootFailed: reboots.failure(node.name),
    conflict,
    ...desireOf(site.desired(node)),
  };
}

function desireOf(desired: Desired): Pick<NodeFacts, 'desired' | 'refusal' | 'preparing'> {
  if (desired.kind === 'boots') return { desired: desired.frozen.generation, refusal: undefined };
  const { reason, isBeingMade = false } = desired;
  return { desired: undefined, ...(isBeingMade ? { refusal: undefined, preparing: reason } : { refusal: reason }) };
}

interface Answered {
  readonly facts: NodeFacts;
  readonly answer: NodeAnswer;
}

/** A thousand nodes are asked for a hundred times a second, and few of them have changed. */
const answered = new WeakMap<NodeSpec, Answered>();

/** It follows from the node and these facts alone, so it holds as long as they do: there is nothing to be told of changes. */
function answerFrom(node: NodeSpec, facts: NodeFacts): NodeAnswer {
  const known = answered.get(node);
  if (known !== undefined && isSameFacts(known.facts, facts)) return known.answer;
  const status = decideNodeStatus(facts);
  const written = asWritten(node);
  const answer = { ...written, status: { ...status, ...(written !== node && { address: node.address }) } };
  answered.set(node, { facts, answer });
  return answer;
}

/** Of what is made anew by each change; a list of boots is another one when a boot of it is. */
const compared = {
  boots: true,
  desired: true,
  refusal: true,
  preparing: true,
  runs: true,
  heartbeat: true,
  isSilent: true,
  rebootFailed: true,
  conflict: true,
} as const satisfies Record<keyof NodeFacts, true>;

const fields = Object.keys(compared) as (keyof NodeFacts)[];

function isSameFacts(one: NodeFacts, other: NodeFacts): boolean {
  return fields.every((field) => one[field] === other[field]);
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
