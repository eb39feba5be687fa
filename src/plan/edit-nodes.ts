/** How single nodes are added, changed, removed and named: from one list of nodes to the next. Checked by `checkEdited`. */
import { boardNames, type BoardName } from '../model/board.ts';
import { checkShape } from '../model/check-shape.ts';
import { ConfigError, NotFoundError, RefusedError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import { didYouMean } from '../model/nearest.ts';
import { NodeSpec } from '../model/node.ts';
import { placeProblems, ProblemsError, type Place, type Problem } from '../model/problem.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { canonicalJson } from './canonical-json.ts';
import { checkNodes } from './check-cluster-nodes.ts';
import type { KnownImage, KnownParts } from './known-parts.ts';

export type Nodes = readonly NodeSpec[];

/** @throws RefusedError when there is one of that name */
export function addNode(nodes: Nodes, node: NodeSpec): Nodes {
  if (!nodes.some(({ name }) => name === node.name)) return [...nodes, node];
  throw new RefusedError(`there is a node ${node.name} already`, {
    hint: 'Choose another name, or change that node.',
  });
}

/** What a merge patch may hold: RFC 7396, null takes a value away. */
export type NodeEdit = Readonly<Record<string, unknown>>;

/** @throws NotFoundError, ProblemsError when the node would be none afterwards */
export function editNode(nodes: Nodes, name: string, edit: NodeEdit): Nodes {
  const node = requireNode(nodes, name);
  const shaped = checkShape(NodeSpec, mergePatch(node, edit));
  if (shaped.kind === 'invalid') throw new ProblemsError(placeProblems(shaped.problems, inNode(name)));
  return nodes.map((each) => (each === node ? shaped.value : each));
}

/** @throws NotFoundError */
export function removeNode(nodes: Nodes, name: string): Nodes {
  const node = requireNode(nodes, name);
  return nodes.filter((each) => each !== node);
}

export interface Adoption {
  readonly name: string;
  readonly role: string;
  readonly address: Ipv4Address;
  readonly board?: BoardName | undefined;
}

/** @throws NotFoundError for a board that never asked, ConfigError when it has not said what it is */
export function adoptBoard(state: Pick<State, 'nodes' | 'unknownBoards'>, mac: MacAddress, as: Adoption): Nodes {
  const board = state.unknownBoards.find((candidate) => candidate.mac === mac);
  if (board === undefined) {
    const known = state.unknownBoards.map((candidate) => candidate.mac);
    throw new NotFoundError(`no unknown board has the MAC address ${mac}${didYouMean(mac, known)}`, {
      hint: known.length > 0 ? `Boards that wait: ${known.join(', ')}.` : 'Switch the board on, and look again.',
    });
  }
  const { name, role, address } = as;
  const kind = as.board ?? boardNames.find((candidate) => candidate === board.board);
  if (kind === undefined) {
    throw new ConfigError(`the board ${mac} has not said what it is`, {
      hint: `Say which one it is: ${boardNames.join(', ')}.`,
    });
  }
  const { serial } = board;
  const node = { name, ...(serial !== undefined && { serial }), mac, board: kind, address, role, vars: {} };
  return addNode(state.nodes, node);
}

/** Entries of the new list that say the same as before stay the same objects: what has not changed is not written. */
export function replaceAll(before: Nodes, after: Nodes): Nodes {
  const old = new Map(before.map((node) => [node.name, node]));
  return after.map((node) => {
    const was = old.get(node.name);
    return was !== undefined && canonicalJson(was) === canonicalJson(node) ? was : node;
  });
}

/**
 * Do the nodes fit the cluster and each other? What is wrong with nodes that stay as they are is no reason to refuse.
 * @throws ProblemsError
 */
export function requireEdited(before: Nodes, after: Nodes, view: Pick<ClusterView, 'cluster' | 'overlays' | 'images'>) {
  const old = new Set(before);
  const same = after.filter((node) => old.has(node));
  // Of two that have the same, the later one is told: what is edited stands last.
  const nodes = [...same, ...after.filter((node) => !old.has(node))];
  const problems = checkNodes(nodes, view.cluster, knownOf(view))
    .filter(({ path }) => Number(path[0]) >= same.length)
    .map(({ path, message, hint }) => ({ path, message, hint }));
  if (problems.length > 0) throw new ProblemsError(placeProblems(problems, inNodes(nodes)));
}

function requireNode(nodes: Nodes, name: string): NodeSpec {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  throw noNode(name, nodes);
}

export function noNode(name: string, nodes: Nodes): NotFoundError {
  const known = nodes.map((node) => node.name);
  return new NotFoundError(`there is no node ${name}${didYouMean(name, known)}`);
}

/** RFC 7396 §2. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isGroup(patch)) return patch;
  const merged: Record<string, unknown> = isGroup(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function knownOf({ overlays, images }: Pick<ClusterView, 'overlays' | 'images'>): KnownParts {
  const names = [...images].map(([name, [newest]]): [string, KnownImage] => [name, { boards: newest?.boards }]);
  return { overlays, images: new Map(names) };
}

/** `nodes: node03.mac` */
function inNodes(nodes: Nodes): Place {
  return ([index, ...rest]) => inNode(nodes[Number(index)]?.name ?? '')(rest);
}

function inNode(name: string): (path: Problem['path']) => ReturnType<Place> {
  return (path) => ({ file: 'nodes', line: undefined, key: [name, ...path].join('.') });
}
