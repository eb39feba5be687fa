/** The cluster as slurm.conf sees it: controller, compute nodes, partitions. */
import { ConfigError } from '../model/errors.ts';
import type { ClusterView } from '../model/view.ts';
import { nodeVariables, type NodeVariables } from './node-variables.ts';
import { enabledUnits } from './overlay-units.ts';

export interface SlurmVariables {
  /** cluster.yaml has a `slurm:` section. */
  readonly configured: boolean;
  readonly controllerRole: string | undefined;
  /** undefined while no node has that role. */
  readonly controller: { readonly name: string; readonly address: string } | undefined;
  readonly nodes: readonly SlurmNode[];
  readonly partitions: readonly SlurmPartition[];
}

interface SlurmNode {
  readonly name: string;
  readonly address: string;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly features: readonly string[];
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
  const members = view.nodes
    .filter((node) => computeRoles.has(node.role))
    .map((node) => nodeVariables(node, view))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const controllerRole = view.cluster.slurm?.controllerRole;
  return {
    configured: controllerRole !== undefined,
    controllerRole,
    controller: findController(view),
    nodes: members.map((member) => {
      const { name, address, cpus, memoryMib, board } = member;
      return { name, address, cpus, memoryMib, features: [...new Set([board, ...ownFeatures(member)])] };
    }),
    partitions: partitionsOf(members),
  };
}

export function isComputeRole(role: string, view: ClusterView): boolean {
  return enabledUnits(role, view).includes('slurmd.service');
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

function partitionsOf(members: readonly NodeVariables[]): SlurmPartition[] {
  const nodesOf = new Map<string, string[]>();
  for (const member of members) {
    const name = partitionOf(member);
    const names = nodesOf.get(name) ?? [];
    names.push(member.name);
    nodesOf.set(name, names);
  }
  const partitions = [...nodesOf.keys()].toSorted();
  const chosen = partitions.includes(defaultPartition) ? defaultPartition : partitions[0];
  return partitions.map((name) => ({ name, isDefault: name === chosen, nodes: nodesOf.get(name) ?? [] }));
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

function partitionOf({ name, vars }: NodeVariables): string {
  const partition = vars['slurmPartition'] ?? defaultPartition;
  if (typeof partition === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(partition)) return partition;
  throw new ConfigError(`${name}: ${JSON.stringify(partition)} is not a name for a Slurm partition`, {
    hint: 'Write slurmPartition as one word of letters, digits, "_" and "-".',
  });
}
