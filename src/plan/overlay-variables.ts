/** What templates see, and which of it only live files may see. docs/overlays.md lists it for people. */
import type { Role } from '../model/cluster.ts';
import { ConfigError } from '../model/errors.ts';
import { networkAddress } from '../model/ipv4.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { nodeTarget, withNodeImage } from './image-choice.ts';
import { nodeVariables, type NodeVariables } from './node-variables.ts';
import type { TemplateVariables } from './render.ts';
import { isConfiglessRole, slurmVariables, type SlurmVariables } from './slurm.ts';

/** Names that frozen files do not see: they change without the node's own generation. */
export const liveOnlyNames = ['nodes', 'slurm', 'ssh'] as const;

export interface FrozenVariables extends TemplateVariables {
  readonly node: NodeVariables;
  readonly vars: NodeVariables['vars'];
}

/** The same for every version of an image: usable for boot files and frozen overlay files. */
export function frozenVariables(node: NodeSpec, view: ClusterView): FrozenVariables {
  const { cluster } = view;
  const role = roleOf(node, view);
  const self = nodeVariables(node, view);
  return {
    cluster: { name: cluster.cluster },
    network: networkVariables(view),
    node: self,
    role: {
      name: node.role,
      image: role.image,
      rootMode: role.root,
      ready: role.ready,
      /** slurmd asks the controller for slurm.conf. */
      isConfigless: isConfiglessRole(node.role, view),
    },
    shares: sharesOf(node, view),
    vars: self.vars,
  };
}

/** Everything: the cluster's tables and the SSH CA's public key are always the current ones. */
export function liveVariables(node: NodeSpec, view: ClusterView, secrets: SecretValues): FrozenVariables {
  const ca = secrets['sshCaPublicKey'];
  return {
    ...frozenVariables(node, view),
    ...tablesOf(view),
    ...(ca !== undefined && { ssh: { caPublicKey: Buffer.from(ca).toString('utf8').trim() } }),
  };
}

/** All that templates of overlays may name. */
export const variableNames = ['cluster', 'network', 'node', 'nodes', 'role', 'shares', 'slurm', 'ssh', 'vars'] as const;

const clusterWide: ReadonlySet<string> = new Set(['cluster', 'network', 'nodes', 'slurm']);

/** How far two nodes of a cluster see a variable alike: where this is the same text. undefined: each has its own. */
export function alikeFor(variables: FrozenVariables): (name: string) => string | undefined {
  return (name) => {
    if (name === 'node') return undefined;
    return clusterWide.has(name) ? '' : JSON.stringify(variables[name]);
  };
}

/** What live files see of the whole cluster. The same object for views that say the same, so that it stands for all of them. */
export interface ClusterTables {
  /** All, by name. */
  readonly nodes: readonly NodeVariables[];
  readonly slurm: SlurmVariables;
}

/** Remembers what follows from a view: every node of a storm lists all the others. */
const tables = new WeakMap<ClusterView, ClusterTables>();

interface Recent {
  readonly overlays: ClusterView['overlays'];
  readonly tables: ClusterTables;
}

/** A change is planned in a view of its own, and then the site has another one with the same nodes. */
const recent = new WeakMap<ClusterView['cluster'], readonly Recent[]>();
const recentCount = 4;

export function tablesOf(view: ClusterView): ClusterTables {
  const known = tables.get(view);
  if (known !== undefined) return known;
  const nodes = view.nodes.map((node) => nodeVariables(node, view)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const before = recent.get(view.cluster) ?? [];
  const { overlays } = view;
  const made = sameTables(before, nodes, view) ?? { nodes, slurm: slurmVariables(view) };
  recent.set(
    view.cluster,
    [{ overlays, tables: made }, ...before.filter((each) => each.tables !== made)].slice(0, recentCount),
  );
  tables.set(view, made);
  return made;
}

/** Overlays decide who is a node of Slurm, and nearly every edit of them leaves that as it is. */
function sameTables(before: readonly Recent[], nodes: readonly NodeVariables[], view: ClusterView) {
  const alike = before.filter(({ tables: known }) => areSameNodes(known.nodes, nodes));
  const found = alike.find(({ overlays }) => overlays === view.overlays);
  if (found !== undefined || alike.length === 0) return found?.tables;
  const slurm = JSON.stringify(slurmVariables(view));
  return alike.find(({ tables: known }) => JSON.stringify(known.slurm) === slurm)?.tables;
}

/** Of two lists nearly all entries are the same objects. */
function areSameNodes(one: readonly NodeVariables[], other: readonly NodeVariables[]): boolean {
  return one.length === other.length && one.every((each, index) => isSameNode(each, other[index]));
}

function isSameNode(one: NodeVariables, other: NodeVariables | undefined): boolean {
  return one === other || (one.name === other?.name && JSON.stringify(one) === JSON.stringify(other));
}

/** With the version of its image that was chosen for this node. */
export function roleOf(node: NodeSpec, { cluster, imageChoices }: ClusterView): Role {
  const role = cluster.roles[node.role];
  if (role !== undefined) return withNodeImage(role, imageChoices?.[nodeTarget(node.name)]);
  const known = Object.keys(cluster.roles);
  throw new ConfigError(`${node.name} has the role ${node.role}, which does not exist${didYouMean(node.role, known)}`, {
    hint: `Roles in cluster.yaml: ${known.join(', ') || 'none'}.`,
  });
}

export function networkVariables({ cluster: { network, ports } }: ClusterView) {
  const { address: server, prefixLength } = network.address;
  return {
    /** The storage node's address. */
    server,
    subnet: `${networkAddress(network.address)}/${prefixLength}`,
    prefixLength,
    interface: network.interface,
    gateway: network.gateway,
    dns: network.dns,
    ntp: network.ntp ?? server,
    httpPort: ports.http,
    nfsPort: ports.nfs,
  };
}

/** Parents come before what is mounted below them. */
function sharesOf(node: NodeSpec, { cluster }: ClusterView) {
  return cluster.shares
    .filter((share) => share.roles?.includes(node.role) ?? true)
    .map(({ name, mount, owner }) => {
      return { name, server: cluster.network.address.address, pseudo: `/shares/${name}`, mount, owner };
    })
    .toSorted((a, b) => (a.mount < b.mount ? -1 : 1));
}
