/** May this node have that role, and what would it change? The API, the command line and a dry run ask here. */
import { PiImageError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { RoleDiff } from '../model/role-diff.ts';
import type { ClusterView } from '../model/view.ts';
import { withTreeOf } from './made-roots.ts';
import { controllerHint, unprovedController } from './controller-proof.ts';
import { diffRoles, longestTextFor, noDiff } from './role-change-diff.ts';
import { roleSide, slurmPart } from './role-change-side.ts';

export type RoleDecision =
  | { readonly kind: 'change'; readonly diff: RoleDiff }
  /** It has that role already. */
  | { readonly kind: 'same'; readonly diff: RoleDiff }
  | Refused;

interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
  readonly hint: string | undefined;
}

/** Node -> the role that it runs now, as far as is known: what it should be may be another one. */
export interface RunningRoles extends ReadonlyMap<string, string> {
  /** Nodes that were the Slurm controller and are heard no more -> what of the proof that they are down lacks. */
  readonly doubts?: ReadonlyMap<string, string>;
}

export function withDoubts(running: ReadonlyMap<string, string>, doubts: ReadonlyMap<string, string>): RunningRoles {
  return Object.assign(new Map(running), { doubts });
}

export function planRoleChange(
  node: NodeSpec,
  role: string,
  view: ClusterView,
  running: RunningRoles = new Map(),
): RoleDecision {
  return roleChangePlanner([node], role, view, running)(node);
}

/**
 * Of each of these nodes, in a cluster where all of them have the role: what they see alike is rendered once.
 * @returns decides of one of them, so that a caller may do something else in between
 */
export function roleChangePlanner(
  changing: readonly NodeSpec[],
  role: string,
  view: ClusterView,
  running: RunningRoles = new Map(),
): (node: NodeSpec) => RoleDecision {
  const wanted = new Map(changing.map((node) => [node.name, node.role === role ? node : { ...node, role }]));
  const after = { ...view, nodes: view.nodes.map((node) => wanted.get(node.name) ?? node) };
  const change = { view, after, running, longestTextBytes: longestTextFor(changing.length) };
  return (node) => decideRoleChange(node, wanted.get(node.name) ?? { ...node, role }, change);
}

interface Change {
  readonly view: ClusterView;
  readonly after: ClusterView;
  readonly running: RunningRoles;
  readonly longestTextBytes: number;
}

function decideRoleChange(node: NodeSpec, wanted: NodeSpec, change: Change): RoleDecision {
  const { view, after, running, longestTextBytes } = change;
  const { role } = wanted;
  const had = { role: node.role, slurm: slurmPart(node.role, view) };
  if (node.role === role) return { kind: 'same', diff: noDiff(had) };
  const refusal = refuseUnknown(role, view) ?? refuseSecondController(node, role, after, running);
  if (refusal !== undefined) return refusal;
  try {
    const to = roleSide(wanted, withTreeOf(wanted, after));
    return { kind: 'change', diff: diffRoles(sideOrNothing(node, view) ?? had, to, longestTextBytes) };
  } catch (error) {
    if (!(error instanceof PiImageError)) throw error;
    return { kind: 'refused', reason: reasonOf(error), hint: error.hint };
  }
}

/** A node that cannot boot in the role it has may well be given another one. */
function sideOrNothing(node: NodeSpec, view: ClusterView) {
  try {
    return roleSide(node, view);
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}

function refuseUnknown(role: string, { cluster }: ClusterView): Refused | undefined {
  if (Object.hasOwn(cluster.roles, role)) return undefined;
  const known = Object.keys(cluster.roles);
  const hint = known.length > 0 ? `Roles are: ${known.join(', ')}.` : 'Write roles into cluster.yaml.';
  return { kind: 'refused', reason: `there is no role ${role}${didYouMean(role, known)}`, hint };
}

/** Two controllers would write the same state. One that is to be something else writes it until it has been restarted. */
export function refuseSecondController(
  node: Pick<NodeSpec, 'name'>,
  role: string,
  { cluster, nodes }: ClusterView,
  running: RunningRoles = new Map(),
): Refused | undefined {
  if (cluster.slurm?.controllerRole !== role) return undefined;
  const others = nodes.filter(({ name }) => name !== node.name);
  const has = others.find((other) => other.role === role);
  if (has !== undefined) {
    return {
      kind: 'refused',
      reason: `${has.name} is the Slurm controller (role ${role}), and there can be one only: two would write the same state`,
      hint: `Give ${has.name} another role first, with a reboot: "pi-image node set ${has.name} --role ROLE --reboot".`,
    };
  }
  const runs = others.find((other) => running.get(other.name) === role);
  if (runs === undefined) return refuseUnproved(node, running);
  return {
    kind: 'refused',
    reason: `${runs.name} is to be ${runs.role}, but still runs as the Slurm controller: two would write the same state`,
    hint: `Reboot it and wait until it runs as ${runs.role}: "pi-image node reboot ${runs.name}".`,
  };
}

/** It may have been removed as a node, and write all the same. */
function refuseUnproved({ name }: Pick<NodeSpec, 'name'>, { doubts }: RunningRoles): Refused | undefined {
  const found = [...(doubts ?? [])].find(([other]) => other !== name);
  if (found === undefined) return undefined;
  const [was, lacks] = found;
  return {
    kind: 'refused',
    reason: unprovedController(was, lacks),
    hint: controllerHint(was),
  };
}

function reasonOf(error: PiImageError): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
