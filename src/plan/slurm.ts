/** The cluster as slurm.conf sees it: controller, compute nodes, partitions. */
import { ConfigError } from '../model/errors.ts';
import type { ClusterView } from '../model/view.ts';
import { nodeVariables, type NodeVariables } from './node-variables.ts';
import { enabledUnits } from './overlay-units.ts';

export interface SlurmVariables {
  /** cluster.yaml has a `slurm:` section. */
  readonly configured: boolean;
  readonly controllerRole: string | undefined;
  /** The controller hands slurm.conf out. */
  readonly configless: boolean;
  /** undefined while no node has that role. */
  readonly controller: { readonly name: string; readonly address: string } | undefined;
  readonly nodes: readonly SlurmNode[];
  /** All nodes of the cluster: those of other roles may be given one that runs jobs, and jobs that ask for them by name wait. */
  readonly lines: readonly SlurmLine[];
  readonly partitions: readonly SlurmPartition[];
}

interface SlurmNode {
  readonly name: string;
  readonly address: string;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly features: readonly string[];
}

interface SlurmLine extends SlurmNode {
  readonly isFuture: boolean;
}

interface SlurmPartition {
  readonly name: string;
  readonly isDefault: boolean;
  readonly nodes: readonly string[];
}

const defaultPartition = 'main';

/** Compute nodes are those whose role enables slurmd, whatever the role or overlay is called. */
export function slurmVariables(view: ClusterView): SlurmVariables {
  const roles = [...new Set(view.nodes.map((node) => node.role))];
  const computeRoles = new Set(roles.filter((role) => isComputeRole(role, view)));
  const all = view.nodes.map((node) => nodeVariables(node, view)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const members = all.filter(({ role }) => computeRoles.has(role));
  const nodes = new Map(members.map((node) => [node.name, slurmNode(node)]));
  const controllerRole = view.cluster.slurm?.controllerRole;
  return {
    configured: controllerRole !== undefined,
    controllerRole,
    configless: view.cluster.slurm?.configless ?? false,
    controller: findController(view),
    nodes: [...nodes.values()],
    lines: all.map((node) => Object.assign(sizeOf(node), nodes.get(node.name), { isFuture: !nodes.has(node.name) })),
    partitions: partitionsOf(members, view),
  };
}

function slurmNode(node: NodeVariables): SlurmNode {
  return { ...sizeOf(node), features: [...new Set([node.board, ...ownFeatures(node)])] };
}

function sizeOf({ name, address, cpus, memoryMib }: NodeVariables): SlurmNode {
  return { name, address, cpus, memoryMib, features: [] };
}

export function isComputeRole(role: string, view: ClusterView): boolean {
  return enabledUnits(role, view).includes('slurmd.service');
}

/** Do its nodes take slurm.conf from the controller? The controller has it, and whoever runs no slurmd has nobody to keep it current. */
export function isConfiglessRole(role: string, view: ClusterView): boolean {
  const { slurm } = view.cluster;
  return slurm?.configless === true && slurm.controllerRole !== role && isComputeRole(role, view);
}

/** Two controllers would write the same state: none is taken before one of them has another role. */
function findController({ cluster, nodes }: ClusterView): SlurmVariables['controller'] {
  const role = cluster.slurm?.controllerRole;
  const [first, ...others] = role === undefined ? [] : nodes.filter((node) => node.role === role);
  if (first === undefined) return undefined;
  if (others.length > 0) {
    const names = [first, ...others].map((node) => node.name).toSorted();
    throw new ConfigError(`Slurm has one controller, but ${names.join(' and ')} have the role ${role}`, {
      hint: 'Give all but one of them another role.',
    });
  }
  return { name: first.name, address: first.address };
}

/**
 * A partition is there as long as a role or a node names it: one that went with its last node would take the jobs along
 * that wait in it.
 */
function partitionsOf(members: readonly NodeVariables[], view: ClusterView): SlurmPartition[] {
  const nodesOf = new Map<string, string[]>(namedPartitions(view).map((name) => [name, []]));
  for (const member of members) {
    const name = partitionOf(member);
    const names = nodesOf.get(name) ?? [];
    names.push(member.name);
    nodesOf.set(name, names);
  }
  const partitions = [...nodesOf.keys()].toSorted();
  const withNodes = partitions.filter((name) => nodesOf.get(name)?.length !== 0);
  const chosen = [withNodes, partitions].map((names) => names.find((name) => name === defaultPartition) ?? names[0]);
  const isDefault = (name: string) => name === (chosen[0] ?? chosen[1]);
  return partitions.map((name) => ({ name, isDefault: isDefault(name), nodes: nodesOf.get(name) ?? [] }));
}

function namedPartitions(view: ClusterView): string[] {
  const { cluster, nodes } = view;
  const ofRoles = Object.entries(cluster.roles)
    .filter(([role]) => isComputeRole(role, view))
    .map(([, { vars }]) => ({ ...cluster.vars, ...vars })['slurmPartition'] ?? defaultPartition);
  const ofNodes = nodes.map(({ vars }) => vars['slurmPartition']);
  return [...ofRoles, ...ofNodes].filter(isPartitionName);
}

/** What jobs may ask for with --constraint, beside the board. */
function ownFeatures({ name, vars }: NodeVariables): string[] {
  const text = vars['slurmFeatures'] ?? '';
  const words = typeof text === 'string' && text !== '' ? text.split(',') : [];
  const isList = typeof text === 'string' && words.every((word) => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(word));
  if (isList) return words;
  throw new ConfigError(`${name}: ${JSON.stringify(text)} is no list of Slurm features`, {
    hint: 'Write slurmFeatures as words of letters, digits, "_", "." and "-", with "," between them: nvme,rack-a.',
  });
}

function isPartitionName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(value);
}

function partitionOf({ name, vars }: NodeVariables): string {
  const partition = vars['slurmPartition'] ?? defaultPartition;
  if (isPartitionName(partition)) return partition;
  throw new ConfigError(`${name}: ${JSON.stringify(partition)} is not a name for a Slurm partition`, {
    hint: 'Write slurmPartition as one word of letters, digits, "_" and "-".',
  });
}
