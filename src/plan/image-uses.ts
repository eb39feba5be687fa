/** Who uses which version of an image: roles, nodes, pins, boots, kept generations, nodes that were seen on one and never elsewhere since. */
import type { Boot } from '../model/boot.ts';
import { PiImageError } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { NodeSpec } from '../model/node.ts';
import type { PersistentTree } from '../model/root-mode.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { hasKernelReported, hasMountedRoot } from './boot-timeline.ts';
import { chooseImage } from './choose-image.ts';
import type { VersionUse } from './gc.ts';
import { fallBacks } from './held-generations.ts';
import { compressHostlist } from './hostlist.ts';
import { cannotBoot } from './rollback.ts';

/** Without a cluster: a machine that builds, and boots nobody. */
export type UsedView = Pick<ClusterView, 'images' | 'nodes' | 'roots'> & Partial<Pick<ClusterView, 'cluster'>>;

export interface UseSources {
  readonly view: UsedView;
  readonly state: Pick<State, 'imageChoices' | 'imagePins'> &
    Partial<Pick<State, 'generationPins' | 'rollouts' | 'operationNodes'>>;
  /** Oldest first. */
  readonly boots: readonly Boot[];
  /** Of open and of last boots, by id. */
  readonly generations: ReadonlyMap<string, Generation>;
  /** Node -> its private trees, which boot with the kernel of the version that they were made from. */
  readonly trees: ReadonlyMap<string, readonly PersistentTree[]>;
}

export function findImageUses({ view, state, boots, generations, trees }: UseSources): VersionUse[] {
  return [
    ...roleUses(view),
    ...Object.keys(state.imagePins).map((image) => ({ image, why: 'pinned' })),
    ...choiceUses(state),
    ...heldUses(state),
    ...bootUses(boots, generations),
    ...[...trees].flatMap(([node, own]) =>
      own.map(({ name, version }) => ({ image: `${name}@${version}`, why: `the tree of ${node}` })),
    ),
    ...keptUses(view, boots, generations),
  ];
}

function roleUses({ cluster, images }: UsedView): VersionUse[] {
  if (cluster === undefined) return [];
  const references = [
    ...Object.entries(cluster.roles).map(([role, { image }]) => ({ image, why: `role ${role}` })),
    ...(cluster.network.hold === undefined ? [] : [{ image: cluster.network.hold, why: 'unknown boards' }]),
  ];
  return references.flatMap(({ image, why }) => {
    const version = versionOf(image, images);
    return version === undefined ? [] : [{ image: version, why }];
  });
}

/** A version that is named is needed also while nodes are not offered it. */
function versionOf(reference: string, images: ClusterView['images']): string | undefined {
  if (reference.includes('@')) return reference;
  try {
    const { name, version } = chooseImage(reference, images);
    return `${name}@${version}`;
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}

/** What a role was rolled back from is kept, too: it is what "back again" means. */
function choiceUses({ imageChoices }: Pick<State, 'imageChoices'>): VersionUse[] {
  return Object.entries(imageChoices).flatMap(([target, { image, version, before }]) => {
    const who = target.replace('/', ' ');
    const chosen = { image: `${image}@${version}`, why: `chosen for ${who}` };
    return before === undefined
      ? [chosen]
      : [chosen, { image: `${image}@${before}`, why: `${who} was rolled back from it` }];
  });
}

/** What nodes are held at, and what an open rollout or operation may bring back. */
function heldUses({ generationPins = {}, rollouts = {}, operationNodes = {} }: UseSources['state']): VersionUse[] {
  const open = Object.values(rollouts).filter(({ endedAtMs }) => endedAtMs === undefined);
  return [
    ...Object.entries(generationPins).map(([node, { image }]) => ({ image, why: `${node} is held at it` })),
    ...fallBacks({ operationNodes }).map(({ image }) => ({ image, why: 'an operation may go back to it' })),
    ...open.flatMap(({ id, from, target }) =>
      [from, target.kind === 'image' ? target.image : undefined].flatMap((image) =>
        image === undefined ? [] : [{ image, why: `rollout ${id}` }],
      ),
    ),
  ];
}

function bootUses(boots: readonly Boot[], generations: ReadonlyMap<string, Generation>): VersionUse[] {
  const byNode = new Map<string, Boot[]>();
  for (const boot of boots) byNode.set(boot.node, [...(byNode.get(boot.node) ?? []), boot]);
  return [...byNode.values()].flatMap((own) =>
    own.flatMap((boot, index) => {
      const image = imageOf(boot, generations);
      if (image === undefined) return [];
      const endedMs = endOf(boot, own.slice(index + 1));
      const why = endedMs === undefined && boot.closed === undefined ? `${boot.node} boots it` : `${boot.node} runs it`;
      return [{ image, why, ...(endedMs !== undefined && { endedMs }) }];
    }),
  );
}

/** What "rollback --generation", "--last-good" and "--at" may ask for: as many as boots of a node are kept. */
function keptUses(view: UsedView, boots: readonly Boot[], generations: ReadonlyMap<string, Generation>): VersionUse[] {
  const nodes = new Map<string, NodeSpec>(view.nodes.map((node) => [node.name, node]));
  const byImage = new Map<string, Set<string>>();
  for (const boot of boots) {
    const [node, generation] = [nodes.get(boot.node), generations.get(boot.generation)];
    if (node === undefined || generation === undefined || cannotBoot(node, generation, view) !== undefined) continue;
    const image = `${generation.image.name}@${generation.image.version}`;
    byImage.set(image, (byImage.get(image) ?? new Set()).add(node.name));
  }
  return [...byImage].map(([image, names]) => ({ image, why: `kept generations of ${compressHostlist([...names])}` }));
}

function imageOf(boot: Boot, generations: ReadonlyMap<string, Generation>): string | undefined {
  const image = generations.get(boot.generation)?.image;
  return image === undefined ? boot.image : `${image.name}@${image.version}`;
}

/**
 * A node runs what it has mounted until another boot of it has mounted its own root; one that is not heard of any more may
 * be behind a broken switch. A boot that closed before its kernel spoke has nothing mounted.
 * @returns undefined as long as it is in use
 */
function endOf(boot: Boot, later: readonly Boot[]): number | undefined {
  if (boot.closed === undefined) return undefined;
  if (!hasKernelReported(boot)) return boot.closed.atMs;
  const next = later.find(hasMountedRoot);
  if (next === undefined) return undefined;
  const mounted = next.phases.find(({ phase }) => phase === 'root')?.atMs ?? next.lastSeenMs;
  return Math.max(mounted, boot.lastSeenMs);
}
