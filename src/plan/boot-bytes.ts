/** How much does a boot load before its kernel starts? By role and board; the texts and probes beside it count for nothing. */
import { boards, type BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import { chooseImage } from './choose-image.ts';

/** `compute pi4` -> bytes. What cannot boot is not in it. */
export type BootBytes = ReadonlyMap<string, number>;

export const bootKind = ({ role, board }: Pick<NodeSpec, 'role' | 'board'>): string => `${role} ${board}`;

/** Remembers what follows from both: each node that asks is asked about. */
const remembered = new WeakMap<ClusterView['cluster'], WeakMap<ClusterView['images'], BootBytes>>();

export function bootBytes({ cluster, images }: Pick<ClusterView, 'cluster' | 'images'>): BootBytes {
  const ofCluster = remembered.get(cluster) ?? new WeakMap<ClusterView['images'], BootBytes>();
  remembered.set(cluster, ofCluster);
  const known = ofCluster.get(images) ?? new Map(count({ cluster, images }));
  ofCluster.set(images, known);
  return known;
}

function count({ cluster, images }: Pick<ClusterView, 'cluster' | 'images'>): (readonly [string, number])[] {
  return Object.entries(cluster.roles).flatMap(([role, { image }]) => {
    const manifest = manifestOf(image, images);
    if (manifest === undefined) return [];
    return manifest.boards.map((board) => [bootKind({ role, board }), bytesOf(manifest, board)] as const);
  });
}

function manifestOf(image: string, images: ClusterView['images']): ImageManifest | undefined {
  try {
    return chooseImage(image, images);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function bytesOf({ bootFiles, kernels }: ImageManifest, board: BoardName): number {
  const { firmwareFiles, deviceTrees } = boards[board];
  const kernel = kernels.find((candidate) => candidate.boards.includes(board));
  const sizeOf = (file: string) => bootFiles[file]?.sizeBytes ?? 0;
  const loaded = [...firmwareFiles, ...(kernel === undefined ? [] : [kernel.kernel, kernel.initramfs])];
  // Of its family's device trees a board loads one.
  return loaded.reduce((sum, file) => sum + sizeOf(file), Math.max(0, ...deviceTrees.map(sizeOf)));
}
