/** The index of a layer: made once, when the layer is, so that no later build reads its files again. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { indexFileName, readLayerIndex, writeIndex } from '../host/index-file.ts';
import { indexTree } from '../host/index-tree.ts';
import type { LayerIndex } from '../model/tree-index.ts';
import { clampLayerTimes } from '../plan/merge-layers.ts';
import { buildPaths, type RunningBuild } from './running-build.ts';

type LayerOf = Pick<RunningBuild, 'signal'> & { readonly lock: Pick<RunningBuild['lock'], 'epochSeconds'> };

/** @param dir the layer's folder, with its `root/`; the index goes beside that */
export async function indexLayer(dir: string, { signal, lock }: LayerOf): Promise<LayerIndex> {
  const found = await indexTree(path.join(dir, 'root'), { signal });
  const index = { ...found, entries: clampLayerTimes(found.entries, lock.epochSeconds) };
  const file = path.join(dir, indexFileName);
  const beside = path.join(dir, `.${indexFileName}.${process.pid}.tmp`);
  await rm(beside, { force: true });
  await writeIndex(beside, index);
  await rename(beside, file);
  return index;
}

/** One of an older version of this program has no index yet. */
export async function readLayer(key: string, build: LayerOf & Pick<RunningBuild, 'stateDir'>): Promise<LayerIndex> {
  const dir = path.join(buildPaths(build.stateDir).layers, key);
  return (await readLayerIndex(path.join(dir, indexFileName))) ?? indexLayer(dir, build);
}
