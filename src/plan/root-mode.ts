/** Which root does this node get: in which mode, of which version of its image, from where? */
import path from 'node:path';

import type { Boot } from '../model/boot.ts';
import { ConfigError } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import { versionId, type MadeRoots, type PersistentTree, type RootMode, type SquashFile } from '../model/root-mode.ts';
import type { ClusterView } from '../model/view.ts';
import { chooseImage } from './choose-image.ts';
import { nodeVariables, usableMemoryMib } from './node-variables.ts';
import { roleOf } from './overlay-variables.ts';

/** The mode and the version, which may still have to be made. */
export interface ChosenRoot {
  readonly mode: RootMode;
  readonly manifest: ImageManifest;
}

export interface NodeRoot extends ChosenRoot {
  /** Of `squash` and `ram`. */
  readonly squash?: SquashFile;
}

/** Whoever asks again a little later gets it. */
export class RootNotMadeError extends ConfigError {}

/** @throws ConfigError when its role cannot have that root */
export function chooseRoot(node: NodeSpec, view: ClusterView): ChosenRoot {
  const role = roleOf(node, view);
  const newest = chooseImage(role.image, view.images);
  const mode = role.root;
  const manifest = mode === 'persistent' ? choosePersistent(node, newest, view) : newest;
  requireMode(mode, manifest);
  return { mode, manifest };
}

/** @throws RootNotMadeError when it has still to be made, ConfigError when its role cannot have it */
export function decideRoot(node: NodeSpec, view: ClusterView): NodeRoot {
  const chosen = chooseRoot(node, view);
  const { mode, manifest } = chosen;
  if (mode === 'persistent' && !hasTree(treesOf(node.name, view.roots), manifest)) {
    throw new RootNotMadeError(`the tree of ${node.name} is still to be copied from ${versionId(manifest)}`, {
      hint: 'The service makes it: ask again in a minute.',
    });
  }
  if (mode === 'shared' || mode === 'persistent') return chosen;
  const squash = view.roots?.squashes.get(versionId(manifest));
  if (squash === undefined) {
    throw new RootNotMadeError(`the squashfs of ${versionId(manifest)} is still to be made`, {
      hint: `The service makes it: ask again in a minute. Or run "pi-image build ${manifest.name} --squash".`,
    });
  }
  if (mode === 'ram') requireMemory(node, view, { manifest, squash });
  return { ...chosen, squash };
}

/** An initramfs from before root modes would mount something else. */
function requireMode(mode: RootMode, { name, version, rootModes = ['shared'] }: ImageManifest): void {
  if (rootModes.includes(mode)) return;
  throw new ConfigError(`the initramfs of ${name}@${version} makes no root in the mode ${mode}`, {
    hint: `It knows: ${rootModes.join(', ')}. Build the image again: "pi-image build ${name}".`,
  });
}

const treesOf = (node: string, roots: MadeRoots | undefined) => roots?.trees.get(node) ?? [];

const hasTree = (trees: readonly PersistentTree[], { name, version }: PersistentTree) =>
  trees.some((tree) => tree.name === name && tree.version === version);

/** A node has one tree per image; only while one takes the place of another there are two. */
function choosePersistent(node: NodeSpec, newest: ImageManifest, view: ClusterView): ImageManifest {
  const trees = treesOf(node.name, view.roots).filter(({ name }) => name === newest.name);
  const policy = roleOf(node, view).persistent?.upgrade ?? 'keep';
  const [last] = trees.toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
  if (last === undefined || policy === 'reset' || hasTree(trees, newest)) return newest;
  if (policy === 'refuse') {
    throw new ConfigError(
      `${node.name} has a tree of ${versionId(last)}, and its role ${node.role} wants ${versionId(newest)}`,
      {
        hint: `Write "image: ${versionId(last)}" to stay, "persistent: { upgrade: keep }" to go on with the tree as it is, or "upgrade: reset" for a new one.`,
      },
    );
  }
  const kept = view.images.get(last.name)?.find(({ version }) => version === last.version);
  if (kept !== undefined) return kept;
  throw new ConfigError(`${versionId(last)}, of which the tree of ${node.name} was made, is gone`, {
    hint: 'Its kernel and boot files are needed. Build or import that version again, or write "persistent: { upgrade: reset }".',
  });
}

/** What a system needs beside its root: services, and what it writes. Measured with slurmd: 120 MiB; the rest is for work. */
const workingMib = 256;

interface MemoryNeed {
  readonly neededMib: number;
  readonly hasMib: number;
}

function memoryNeed(node: NodeSpec, view: ClusterView, { sizeBytes }: SquashFile): MemoryNeed {
  return {
    neededMib: Math.ceil(sizeBytes / 1024 / 1024) + workingMib,
    hasMib: usableMemory(node, view),
  };
}

/** What the owner says, else what the board has said, else what the smallest of its family has. */
function usableMemory(node: NodeSpec, view: ClusterView): number {
  const { vars, memoryMib } = nodeVariables(node, view);
  const said = view.roots?.memoryMib?.get(node.name);
  return vars['memoryMib'] === undefined && said !== undefined ? usableMemoryMib(said) : memoryMib;
}

/** @param boots oldest first */
export function learnedMemory(boots: readonly Pick<Boot, 'node' | 'dhcp'>[]): Map<string, number> {
  return new Map(boots.flatMap(({ node, dhcp }) => (dhcp?.memoryMib === undefined ? [] : [[node, dhcp.memoryMib]])));
}

function requireMemory(node: NodeSpec, view: ClusterView, { manifest, squash }: Required<Omit<NodeRoot, 'mode'>>) {
  const { neededMib, hasMib } = memoryNeed(node, view, squash);
  if (neededMib <= hasMib) return;
  throw new ConfigError(
    `${versionId(manifest)} does not fit into the memory of ${node.name}: with room to work it needs ${neededMib} MiB, and a system finds ${hasMib} MiB there`,
    {
      hint: 'Take "root: squash" for its role, or make the image smaller. If the board has more, write vars: { memoryMib: … } at the node: what "free -m" calls total.',
    },
  );
}

/** What of a generation, or of a plan for one, says where its root lies. */
export type RootPlace = Pick<Generation, 'node' | 'rootMode' | 'image'>;

/** As the node names it to the NFS server; undefined: nothing is mounted. */
export function rootPseudo({ node, rootMode, image: { name, version } }: RootPlace): string | undefined {
  switch (rootMode) {
    case 'shared':
      return `/images/${name}/${version}/root`;
    case 'squash':
      return `/squash/${name}/${version}`;
    case 'persistent':
      return `/persistent/${node}/${name}/${version}`;
    case 'ram':
      return undefined;
    default:
      return rootMode satisfies never;
  }
}

/** Where a node in the mode `ram` gets its file. */
export const ramRootPath = '/boot/v1/root.squashfs';

/** Folders of this machine: versions of images, their squashfs files, trees of nodes. */
export interface RootDirs {
  readonly imagesDir: string;
  readonly squashDir: string;
  readonly persistentDir: string;
}

/** The folder behind `rootPseudo`. */
export function rootFolder({ node, rootMode, image: { name, version } }: RootPlace, dirs: RootDirs): string {
  if (rootMode === 'persistent') return path.join(dirs.persistentDir, node, name, version, 'root');
  if (rootMode === 'shared') return path.join(dirs.imagesDir, name, version, 'root');
  return path.join(dirs.squashDir, name, version);
}

/** What the templates of cmdline.txt see as `root`. */
export function rootVariables(node: NodeSpec, { mode, manifest, squash }: NodeRoot) {
  const { name, version } = manifest;
  return {
    pseudo: rootPseudo({ node: node.name, rootMode: mode, image: { name, version } }) ?? ramRootPath,
    mode: mode === 'shared' ? undefined : mode,
    sha256: mode === 'ram' ? squash?.sha256 : undefined,
    sizeBytes: mode === 'ram' ? squash?.sizeBytes : undefined,
  };
}
