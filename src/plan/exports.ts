/** Which trees are exported to whom? Roots of all versions that a node should boot, boots or runs, and the shares of its role. */
import type { Boot } from '../model/boot.ts';
import type { Cluster, Share } from '../model/cluster.ts';
import { PiImageError } from '../model/errors.ts';
import type { NfsExport } from '../model/export.ts';
import type { Generation } from '../model/generation.ts';
import { ipv4ToNumber, type Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { hasAppliedOverlay, hasKernelReported, hasMountedRoot } from './boot-timeline.ts';
import { hasOwnAddresses } from './learned-addresses.ts';
import { decideRoot, rootFolder, rootPseudo, type RootDirs, type RootPlace } from './root-mode.ts';

/** One address that needs one root, and the shares of the role it has there. */
export interface RootUse {
  readonly address: Ipv4Address;
  /** undefined: it needs the root alone. */
  readonly role: string | undefined;
  /** undefined: it needs the shares alone. */
  readonly root: RootPlace | undefined;
}

/** What nodes should boot, boot now, and run as far as they have said. */
export function planRootUses(
  view: ClusterView,
  boots: readonly Boot[],
  generations: ReadonlyMap<string, Generation>,
): RootUse[] {
  const ofBoots = (some: readonly Boot[]) =>
    usesOfBoots(some, generations, onlyController(view)).filter(
      ({ root }) => root === undefined || !isGone(root, view),
    );
  // Where another server gives the addresses, only a boot shows who is where.
  if (!hasOwnAddresses(view.cluster)) return ofBoots(bootsInPlace(boots));
  const desired = view.nodes.map((node) => ({
    address: node.address,
    role: node.role,
    root: desiredRoot(node, view),
  }));
  return [...desired, ...ofBoots(boots)];
}

/** The tree of a node that was removed, and the tree with it. */
function isGone({ node, rootMode, image }: RootPlace, { nodes, roots }: ClusterView): boolean {
  if (rootMode !== 'persistent' || roots === undefined || nodes.some(({ name }) => name === node)) return false;
  const trees = roots.trees.get(node) ?? [];
  return !trees.some(({ name, version }) => name === image.name && version === image.version);
}

/** Pseudo paths that a node of this role and root may mount. */
export function exportsOfRole(cluster: Cluster, role: string, place: RootPlace): string[] {
  const root = rootPseudo(place);
  return [
    ...(root === undefined ? [] : [root]),
    ...cluster.shares.filter((share) => isSharedWith(share, role)).map(sharePseudo),
  ];
}

/** May this node mount the shares of a role? Those of the controller one node only: who was it before is let in no more. */
type MayMount = (node: string, role: string) => boolean;

function onlyController({ cluster, nodes }: ClusterView): MayMount {
  const controllerRole = cluster.slurm?.controllerRole;
  const is = nodes.find(({ role }) => role === controllerRole);
  return (node, role) => role !== controllerRole || is === undefined || is.name === node;
}

function usesOfBoots(
  boots: readonly Boot[],
  generations: ReadonlyMap<string, Generation>,
  mayMount: MayMount,
): RootUse[] {
  const byNode = new Map<string, Boot[]>();
  for (const boot of boots) byNode.set(boot.node, [...(byNode.get(boot.node) ?? []), boot]);
  return [...byNode.values()].flatMap((own) =>
    usedBoots(own).flatMap(({ boot, ...uses }) => {
      const generation = generations.get(boot.generation);
      if (generation === undefined) return [];
      const address = boot.address as Ipv4Address;
      const role = uses.shares && mayMount(boot.node, generation.role) ? generation.role : undefined;
      return [{ address, role, root: uses.root ? generation : undefined }];
    }),
  );
}

/** Without those at an address that another node has by now. */
function bootsInPlace(boots: readonly Boot[]): readonly Boot[] {
  const newest = new Map(boots.map(({ address, node }) => [address, node]));
  return boots.filter(({ address, node }) => newest.get(address) === node);
}

interface BootUse {
  readonly boot: Boot;
  readonly root: boolean;
  readonly shares: boolean;
}

/**
 * A node runs on what it has mounted until another boot of it has mounted its own: the root ends with the next `root`,
 * shares with the next `overlay`. A boot that closed before it came so far was in nobody's way, and needs nothing.
 * @param boots of one node, oldest first
 */
function usedBoots(boots: readonly Boot[]): BootUse[] {
  const rootAt = boots.findLastIndex(hasMountedRoot);
  const sharesAt = boots.findLastIndex(hasAppliedOverlay);
  return boots
    .map((boot, index) => {
      const isUsed = boot.closed === undefined || hasKernelReported(boot);
      return { boot, root: isUsed && index >= rootAt, shares: isUsed && index >= sharesAt };
    })
    .filter(({ root, shares }) => root || shares);
}

function desiredRoot(node: NodeSpec, view: ClusterView): RootPlace | undefined {
  try {
    const { mode, manifest } = decideRoot(node, view);
    return { node: node.name, rootMode: mode, image: manifest };
  } catch (error) {
    // A role without an image yet, or a root that is still to be made: said where its nodes' boots are refused.
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}

/** Ids by path are given once and never again: a client's handles hold them. */
export interface ExportIds {
  readonly exportIds: State['exportIds'];
  readonly nextExportId: number;
}

export interface ExportPlan extends ExportIds {
  readonly exports: readonly NfsExport[];
}

export function planExports(
  site: { readonly cluster: Cluster } & RootDirs,
  uses: readonly RootUse[],
  ids: ExportIds,
): ExportPlan {
  const wanted = [...rootExports(site, uses), ...shareExports(site.cluster, uses)];
  const exportIds = { ...ids.exportIds };
  let { nextExportId } = ids;
  const exports = wanted.map((each): NfsExport => {
    const id = exportIds[each.path] ?? nextExportId++;
    exportIds[each.path] = id;
    return Object.assign(each, { id });
  });
  return { exports, exportIds, nextExportId };
}

type WantedExport = Omit<NfsExport, 'id'>;

function rootExports(dirs: RootDirs, uses: readonly RootUse[]): WantedExport[] {
  const places = new Map<string, { readonly place: RootPlace; readonly clients: Ipv4Address[] }>();
  for (const { root: place, address } of uses) {
    const pseudo = place && rootPseudo(place);
    if (place === undefined || pseudo === undefined) continue;
    const known = places.get(pseudo) ?? { place, clients: [] };
    known.clients.push(address);
    places.set(pseudo, known);
  }
  return [...places].toSorted(byName).map(([pseudo, { place, clients }]) => ({
    path: rootFolder(place, dirs),
    pseudo,
    access: place.rootMode === 'persistent' ? 'read-write' : 'read-only',
    clients: sorted(clients),
  }));
}

function shareExports(cluster: Cluster, uses: readonly RootUse[]): WantedExport[] {
  return cluster.shares.flatMap((share) => {
    const users = uses.filter(({ role }) => role !== undefined && isSharedWith(share, role));
    if (users.length === 0) return [];
    const clients = sorted(users.map(({ address }) => address));
    return [{ path: share.path, pseudo: sharePseudo(share), access: 'read-write' as const, clients }];
  });
}

const isSharedWith = ({ roles }: Share, role: string) => roles === undefined || roles.includes(role);

const sharePseudo = ({ name }: Share) => `/shares/${name}`;

const byName = ([one]: [string, unknown], [other]: [string, unknown]) => (one < other ? -1 : 1);

function sorted(addresses: readonly Ipv4Address[]): Ipv4Address[] {
  return [...new Set(addresses)].toSorted((one, other) => ipv4ToNumber(one) - ipv4ToNumber(other));
}
