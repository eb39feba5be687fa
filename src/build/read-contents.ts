/** Digests of what layers hold. One of an older version of this program gets its own now. */
import path from 'node:path';

import { layerContent } from '../plan/layer-content.ts';
import { readLayer, readLayerRecord, writeLayerRecord } from './index-layer.ts';
import { buildPaths } from './running-build.ts';

type ReadIn = Parameters<typeof readLayer>[1];

export async function readContents(keys: readonly string[], build: ReadIn): Promise<(string | undefined)[]> {
  const contents: (string | undefined)[] = [];
  for (const key of keys) contents.push(await readContent(key, build));
  return contents;
}

async function readContent(key: string, build: ReadIn): Promise<string | undefined> {
  const dir = path.join(buildPaths(build.stateDir).layers, key);
  const record = await readLayerRecord(dir);
  if (record === undefined || record.content !== undefined) return record?.content;
  const content = layerContent(await readLayer(key, build));
  // Reading it may have written a digest down.
  await writeLayerRecord(dir, { ...record, ...(await readLayerRecord(dir)), content });
  return content;
}
