/** What has still to be made before nodes can boot in the modes of their roles, and what is not needed any more? */
import { PiImageError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import { versionId, type PersistentTree } from '../model/root-mode.ts';
import type { ClusterView } from '../model/view.ts';
import { chooseImage } from './choose-image.ts';
import { chooseRoot, rootPseudo } from './root-mode.ts';

export type MissingRoot =
  | { readonly kind: 'squash'; readonly manifest: ImageManifest }
  | { readonly kind: 'tree'; readonly node: string; readonly manifest: ImageManifest };

/** One name for each thing that is made. */
export const missingId = (missing: MissingRoot) =>
  `${missing.kind === 'tree' ? `${missing.node} ` : ''}${versionId(missing.manifest)}`;

/** undefined: its root is there, or its role can have none. */
export function missingOf(node: NodeSpec, view: ClusterView): MissingRoot | undefined {
  const chosen = orNothing(() => chooseRoot(node, view));
  if (chosen === undefined || chosen.mode === 'shared') return undefined;
  const { mode, manifest } = chosen;
  if (mode === 'persistent') {
    const trees = view.roots?.trees.get(node.name) ?? [];
    return trees.some((tree) => isOf(tree, manifest)) ? undefined : { kind: 'tree', node: node.name, manifest };
  }
  return hasSquash(manifest, view) ? undefined : { kind: 'squash', manifest };
}

/** As it will be when the node has its tree: nobody makes one before the node has the role that wants it. */
export function withTreeOf(node: NodeSpec, view: ClusterView): ClusterView {
  const missing = missingOf(node, view);
  if (missing?.kind !== 'tree') return view;
  const { squashes, trees } = view.roots ?? {
    squashes: new Map(),
    trees: new Map<string, readonly PersistentTree[]>(),
  };
  const own = [...(trees.get(node.name) ?? []), missing.manifest];
  return { ...view, roots: { ...view.roots, squashes, trees: new Map([...trees, [node.name, own]]) } };
}

/** Of all roles, whether or not they have nodes yet: a change of role must not wait. */
export function missingRoots(view: ClusterView): MissingRoot[] {
  const roles = Object.values(view.cluster.roles).filter(({ root }) => root === 'squash' || root === 'ram');
  const squashes = roles.flatMap(({ image, root }): MissingRoot[] => {
    const manifest = orNothing(() => chooseImage(image, view.images));
    const can = manifest?.rootModes?.includes(root) === true && !hasSquash(manifest, view);
    return manifest !== undefined && can ? [{ kind: 'squash', manifest }] : [];
  });
  const own = view.nodes.flatMap((node) => missingOf(node, view) ?? []);
  return [...new Map([...squashes, ...own].map((missing) => [missingId(missing), missing])).values()];
}

/**
 * Trees that a new one has taken the place of, as `upgrade: reset` says.
 * @param mounted pseudo paths that are exported
 */
export function outdatedTrees(
  view: ClusterView,
  mounted: ReadonlySet<string>,
): { readonly node: string; readonly tree: PersistentTree }[] {
  return view.nodes.flatMap((node) => {
    const role = view.cluster.roles[node.role];
    if (role?.root !== 'persistent' || role.persistent?.upgrade !== 'reset') return [];
    const wanted = orNothing(() => chooseRoot(node, view))?.manifest;
    const trees = view.roots?.trees.get(node.name) ?? [];
    if (wanted === undefined || !trees.some((tree) => isOf(tree, wanted))) return [];
    return trees
      .filter((tree) => tree.name === wanted.name && tree.version !== wanted.version)
      .filter((image) => !mounted.has(rootPseudo({ node: node.name, rootMode: 'persistent', image }) ?? ''))
      .map((tree) => ({ node: node.name, tree }));
  });
}

/** Of nodes that were removed: nobody takes them away unasked. */
export function leftTrees(
  trees: ReadonlyMap<string, readonly PersistentTree[]>,
  nodes: readonly Pick<NodeSpec, 'name'>[],
): Map<string, readonly PersistentTree[]> {
  const names = new Set<string>(nodes.map(({ name }) => name));
  return new Map([...trees].filter(([node]) => !names.has(node)));
}

const hasSquash = (manifest: ImageManifest, view: ClusterView) =>
  view.roots?.squashes.has(versionId(manifest)) === true;

const isOf = (tree: PersistentTree, { name, version }: PersistentTree) =>
  tree.name === name && tree.version === version;

function orNothing<T>(choose: () => T): T | undefined {
  try {
    return choose();
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}
