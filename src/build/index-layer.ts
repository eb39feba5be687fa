/** The index of a layer: made once, when the layer is, so that no later build reads its files again. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { indexFileName, readLayerIndex, writeIndex } from '../host/index-file.ts';
import { indexTree } from '../host/index-tree.ts';
import { readJsonFile } from '../host/json-file.ts';
import { LayerRecord } from '../model/build-record.ts';
import type { LayerIndex } from '../model/tree-index.ts';
import { clampLayerTimes } from '../plan/merge-layers.ts';
import { buildPaths, type RunningBuild } from './running-build.ts';

type LayerOf = Pick<RunningBuild, 'signal'> & { readonly lock: Pick<RunningBuild['lock'], 'epochSeconds'> };

interface IndexedLayer {
  readonly index: LayerIndex;
  /** Of its text. */
  readonly digest: string;
}

/** @param dir the layer's folder, with its `root/`; the index goes beside that */
export async function indexLayer(dir: string, { signal, lock }: LayerOf): Promise<IndexedLayer> {
  const found = await indexTree(path.join(dir, 'root'), { signal });
  const index = { ...found, entries: clampLayerTimes(found.entries, lock.epochSeconds) };
  const file = path.join(dir, indexFileName);
  const beside = path.join(dir, `.${indexFileName}.${process.pid}.tmp`);
  await rm(beside, { force: true });
  const digest = await writeIndex(beside, index);
  await rename(beside, file);
  return { index, digest };
}

/** One of an older version of this program has no index yet, or nobody knows its digest. */
export async function readLayer(key: string, build: LayerOf & Pick<RunningBuild, 'stateDir'>): Promise<LayerIndex> {
  const dir = path.join(buildPaths(build.stateDir).layers, key);
  const record = await readLayerRecord(dir);
  const found = await readLayerIndex(path.join(dir, indexFileName), record?.index);
  if (found !== undefined) return found;
  const { index, digest } = await indexLayer(dir, build);
  if (record !== undefined) await writeLayerRecord(dir, { ...record, index: digest });
  return index;
}

export async function writeLayerRecord(dir: string, record: LayerRecord): Promise<void> {
  await writeFileAtomically(path.join(dir, 'layer.json'), `${JSON.stringify(record, null, 1)}\n`);
}

export function readLayerRecord(dir: string): Promise<LayerRecord | undefined> {
  const file = path.join(dir, 'layer.json');
  return readJsonFile<LayerRecord | undefined>({ file, schema: LayerRecord, empty: undefined });
}
