/** Which nodes have what was asked for? Nobody has it: none, and no error. */
import { hasLabel } from '../model/labels.ts';
import type { NodeFilter } from '../model/node-query.ts';
import type { NodeSpec } from '../model/node.ts';
import { compareNames, expandHostlist } from './hostlist.ts';

/** @throws UsageError when the list of hosts cannot be read */
export function filterNodes(
  nodes: readonly NodeSpec[],
  { role, board, nodes: hosts, labels = [] }: NodeFilter,
): readonly NodeSpec[] {
  if (role === undefined && board === undefined && hosts === undefined && labels.length === 0) return nodes;
  const names = hosts === undefined ? undefined : new Set(expandHostlist(hosts));
  return nodes.filter(
    (node) =>
      (role === undefined || node.role === role) &&
      (board === undefined || node.board === board) &&
      (names === undefined || names.has(node.name)) &&
      labels.every((label) => hasLabel(node.labels, label)),
  );
}

const sorted = new WeakMap<readonly NodeSpec[], readonly NodeSpec[]>();

/** Natural order; a list that is asked for again is not sorted again. */
export function byName(nodes: readonly NodeSpec[]): readonly NodeSpec[] {
  const known = sorted.get(nodes) ?? nodes.toSorted((one, other) => compareNames(one.name, other.name));
  sorted.set(nodes, known);
  return known;
}

/** Those behind a name, which may be gone by now. @param nodes by name */
export function nodesAfter(nodes: readonly NodeSpec[], name: string): readonly NodeSpec[] {
  const at = nodes.findIndex((node) => node.name === name);
  if (at >= 0) return nodes.slice(at + 1);
  return nodes.filter((node) => compareNames(node.name, name) > 0);
}
