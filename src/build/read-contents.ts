/** Digests of what layers hold. One of an older version of this program gets its own now. */
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { readJsonFile } from '../host/json-file.ts';
import { LayerRecord } from '../model/build-record.ts';
import { layerContent } from '../plan/layer-content.ts';
import { readLayer } from './index-layer.ts';
import { buildPaths } from './running-build.ts';

type ReadIn = Parameters<typeof readLayer>[1];

export async function readContents(keys: readonly string[], build: ReadIn): Promise<(string | undefined)[]> {
  const contents: (string | undefined)[] = [];
  for (const key of keys) contents.push(await readContent(key, build));
  return contents;
}

async function readContent(key: string, build: ReadIn): Promise<string | undefined> {
  const file = path.join(buildPaths(build.stateDir).layers, key, 'layer.json');
  const record = await readJsonFile<LayerRecord | undefined>({ file, schema: LayerRecord, empty: undefined });
  if (record === undefined || record.content !== undefined) return record?.content;
  const content = layerContent(await readLayer(key, build));
  await writeFileAtomically(file, `${JSON.stringify({ ...record, content }, null, 1)}\n`);
  return content;
}
