/** A node as templates see it: what its owner wrote, and what follows from its board and role. */
import { boards } from '../model/board.ts';
import type { Cluster } from '../model/cluster.ts';
import { ConfigError } from '../model/errors.ts';
import type { Variables } from '../model/names.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import { sha256 } from './canonical-json.ts';

export interface NodeVariables {
  readonly name: string;
  readonly serial: string | undefined;
  readonly mac: string | undefined;
  readonly board: string;
  readonly address: string;
  readonly role: string;
  readonly machineId: string;
  readonly cpus: number;
  /** What Slurm may count on: less than the board has. */
  readonly memoryMib: number;
  /** The cluster's, overridden by the role's, overridden by the node's own. */
  readonly vars: Variables;
}

/** Remembers what follows from a node alone: every change of one of them lists all the others again. */
const variables = new WeakMap<Cluster, WeakMap<NodeSpec, NodeVariables>>();

export function nodeVariables(node: NodeSpec, view: ClusterView): NodeVariables {
  const known = variables.get(view.cluster) ?? new WeakMap<NodeSpec, NodeVariables>();
  variables.set(view.cluster, known);
  const made = known.get(node) ?? makeVariables(node, view);
  known.set(node, made);
  return made;
}

function makeVariables(node: NodeSpec, view: ClusterView): NodeVariables {
  const { name, serial, mac, board, address, role } = node;
  const vars = mergedVars(node, view);
  return {
    name,
    serial,
    mac,
    board,
    address,
    role,
    machineId: machineId(name, view),
    cpus: count(vars, 'cpus', name) ?? boards[board].cpus,
    memoryMib: count(vars, 'memoryMib', name) ?? usableMemoryMib(boards[board].memoryMib),
    vars,
  };
}

function mergedVars(node: NodeSpec, { cluster }: ClusterView): Variables {
  const merged = { ...cluster.vars, ...cluster.roles[node.role]?.vars, ...node.vars };
  return Object.fromEntries(Object.entries(merged).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** machine-id(5): 32 hex digits that stay the same for the life of the node, so that journals and leases follow it. */
function machineId(name: string, { cluster }: ClusterView): string {
  return sha256(`pi-image machine-id ${cluster.cluster} ${name}`).slice(0, 32);
}

/**
 * slurmd drains a node that has less than its line says. Firmware and kernel keep some memory for the GPU and
 * themselves: "free -m" on a 1 GiB Pi 3 and Pi 4 shows about 905 MiB; larger boards lose a smaller part.
 */
export function usableMemoryMib(nominalMib: number): number {
  return Math.floor(Math.min(nominalMib * 0.9, nominalMib - 160));
}

function count(vars: Variables, name: 'cpus' | 'memoryMib', node: string): number | undefined {
  const value = vars[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new ConfigError(`${node}: the variable ${name} must be a whole number, not ${JSON.stringify(value)}`, {
    hint: `Write ${name}: 4 without quotes.`,
  });
}
