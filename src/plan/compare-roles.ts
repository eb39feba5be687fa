/** What does one role give a node that another one does not? Whoever has them now. */
import { ConfigError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { RoleDiff } from '../model/role-diff.ts';
import type { ClusterView } from '../model/view.ts';
import { withTreeOf } from './made-roots.ts';
import { diffRoles } from './role-change-diff.ts';
import { roleSide, type RoleSide } from './role-change-side.ts';

export interface RoleComparison {
  /** Whose boot plans were compared. */
  readonly node: string;
  readonly diff: RoleDiff;
}

/** @throws ConfigError that says why the node cannot have one of them */
export function compareRoles(from: string, to: string, node: NodeSpec, view: ClusterView): RoleComparison {
  for (const role of [from, to]) requireRole(role, view);
  return { node: node.name, diff: diffRoles(sideIn(from, node, view), sideIn(to, node, view)) };
}

/** A cluster has one Slurm controller: to see that role, the node that has it is the one to look at. */
export function nodeToCompare(roles: readonly string[], { cluster, nodes }: ClusterView): NodeSpec {
  const controllerRole = cluster.slurm?.controllerRole;
  const order = roles.toSorted((a, b) => Number(b === controllerRole) - Number(a === controllerRole));
  const found = order.flatMap((role) => nodes.find((node) => node.role === role) ?? []).at(0) ?? nodes[0];
  if (found !== undefined) return found;
  throw new ConfigError('there are no nodes, and what a role gives depends on the node', {
    hint: 'Add one: "pi-image node add", or plug a board in and run "pi-image node adopt".',
  });
}

function sideIn(role: string, node: NodeSpec, view: ClusterView): RoleSide {
  const wanted = { ...node, role };
  const nodes = view.nodes.map((each) => (each.name === node.name ? wanted : each));
  return roleSide(wanted, withTreeOf(wanted, { ...view, nodes }));
}

function requireRole(role: string, { cluster }: ClusterView): void {
  const known = Object.keys(cluster.roles);
  if (known.includes(role)) return;
  throw new ConfigError(`there is no role ${role}${didYouMean(role, known)}`, {
    hint: `Roles are: ${known.join(', ')}.`,
  });
}
