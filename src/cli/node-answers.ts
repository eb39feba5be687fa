/** Where nodes stand, as the running service knows it. */
import type { NodeAnswer } from '../api/actions.ts';
import { asWritten } from '../model/node-address.ts';
import type { NodeSpec } from '../model/node.ts';
import { decideNodeStatus, runsGeneration, type NodeFacts } from '../plan/node-status.ts';
import type { Service } from './wire-up.ts';

export type StatusSources = Pick<Service, 'site' | 'heartbeats' | 'reboots' | 'conflicts'> & {
  readonly boots: Pick<Service['boots'], 'ofNode' | 'generation'>;
};

/** The same object for a node as long as nothing that it is made of is another. */
export function nodeAnswers(sources: StatusSources, nodes: readonly NodeSpec[]): NodeAnswer[] {
  const conflicts = conflictOf(sources);
  return nodes.map((node) => answerFrom(node, sources, conflicts.get(node.name)));
}

/** Node -> why a board that may be its is not answered. */
function conflictOf({ conflicts, site }: StatusSources): ReadonlyMap<string, string> {
  const all = conflicts.current(site.view().nodes, Date.now());
  return new Map(all.flatMap(({ nodes, cause }) => nodes.map((name) => [name, cause] as const)));
}

interface Answered {
  readonly facts: NodeFacts;
  /** Of the boots among the facts. */
  readonly runs: string | undefined;
  readonly answer: NodeAnswer;
}

/** A thousand nodes are asked for a hundred times a second, and few of them have changed. */
const answered = new WeakMap<NodeSpec, Answered>();

/** It follows from the node and these facts alone, so it holds as long as they do: there is nothing to be told of changes. */
function answerFrom(node: NodeSpec, sources: StatusSources, conflict: string | undefined): NodeAnswer {
  const known = answered.get(node);
  const boots = sources.boots.ofNode(node.name);
  const runs = known?.facts.boots === boots ? known.runs : runsGeneration(boots);
  const facts = factsOf(node, sources, { boots, runs, conflict });
  if (known !== undefined && isSame(known.facts, facts)) return known.answer;
  const status = decideNodeStatus(facts);
  const written = asWritten(node);
  const answer = { ...written, status: { ...status, ...(written !== node && { address: node.address }) } };
  answered.set(node, { facts, runs, answer });
  return answer;
}

interface Found extends Pick<NodeFacts, 'boots' | 'conflict'> {
  readonly runs: string | undefined;
}

function factsOf(node: NodeSpec, sources: StatusSources, { boots, runs, conflict }: Found): NodeFacts {
  const { site, heartbeats, reboots } = sources;
  const desired = site.desired(node);
  const last = boots.at(-1);
  return {
    boots,
    desired: desired.kind === 'boots' ? desired.frozen.generation : undefined,
    refusal: desired.kind === 'refused' && desired.isBeingMade !== true ? desired.reason : undefined,
    preparing: desired.kind === 'refused' && desired.isBeingMade === true ? desired.reason : undefined,
    runs: runs === undefined ? undefined : sources.boots.generation(runs),
    heartbeat: heartbeats.of(node.name),
    isSilent: last !== undefined && heartbeats.isSilent(last),
    rebootFailed: reboots.failure(node.name),
    conflict,
  };
}

/** Of what is made anew by each change; a list of boots is another one when a boot of it is. */
function isSame(one: NodeFacts, other: NodeFacts): boolean {
  return (
    one.boots === other.boots &&
    one.desired === other.desired &&
    one.heartbeat === other.heartbeat &&
    one.isSilent === other.isSilent &&
    one.runs === other.runs &&
    one.refusal === other.refusal &&
    one.preparing === other.preparing &&
    one.rebootFailed === other.rebootFailed &&
    one.conflict === other.conflict
  );
}
