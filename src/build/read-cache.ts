/** What earlier builds left: complete layers, the numbers of the image family, the parts of the last build. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir, listVersions } from '../host/image-store.ts';
import { readJsonFile } from '../host/json-file.ts';
import { walkTree } from '../host/tree.ts';
import { BuildRecord, emptyIdRegistry, IdRegistry, LayerRecord } from '../model/build-record.ts';
import { ConfigError } from '../model/errors.ts';
import type { ImageSpec, Layer } from '../model/image-spec.ts';
import type { BuildCache } from '../plan/build.ts';
import type { CachedLayer } from '../plan/id-registry.ts';
import { buildPaths } from './running-build.ts';

export function readRegistry(stateDir: string, name: string): Promise<IdRegistry> {
  return readJsonFile({ file: buildPaths(stateDir).ids(name), schema: IdRegistry, empty: emptyIdRegistry });
}

export async function readCache(stateDir: string, name: string): Promise<BuildCache> {
  const empty: BuildRecord = { format: 1, parts: {} };
  const record = await readJsonFile({ file: buildPaths(stateDir).record(name), schema: BuildRecord, empty });
  const [newest] = await listVersions(imagesDir(stateDir), name);
  return {
    layers: await readLayers(buildPaths(stateDir).layers),
    registry: await readRegistry(stateDir, name),
    lastParts: new Map(Object.entries(record.parts)),
    publishedKey: newest?.key,
  };
}

async function readLayers(folder: string): Promise<Map<string, CachedLayer>> {
  const layers = new Map<string, CachedLayer>();
  for (const key of await readdir(folder).catch((): string[] => [])) {
    const file = path.join(folder, key, 'layer.json');
    const record = await readJsonFile<LayerRecord | undefined>({ file, schema: LayerRecord, empty: undefined });
    if (record !== undefined) layers.set(key, record);
  }
  return layers;
}

/** Layer name -> digest of what it takes from the folder of image.yaml. */
export async function digestLayerFiles(spec: ImageSpec, specDir: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const layer of spec.layers) {
    const folders = usedFolders(layer);
    const parts = await Promise.all(folders.map((folder) => digestFolder(path.join(specDir, folder), layer.name)));
    if (parts.length > 0) digests.set(layer.name, parts.join(' '));
  }
  return digests;
}

/** A program may read anything beside image.yaml, so all of it counts. */
function usedFolders({ files, run }: Layer): string[] {
  if (run.length > 0) return ['.'];
  return files === undefined ? [] : [files];
}

/** Over paths, modes and contents; not over times and owners, which the image does not take over. */
export async function digestFolder(folder: string, layer: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const entry of walkTree(folder)) {
      const file = path.join(folder, entry.path);
      const { mode } = await lstat(file);
      hash.update(`${entry.path}\0${entry.kind}\0${(mode & 0o7777).toString(8)}\0`);
      if (entry.kind === 'file') hash.update(`${entry.sizeBytes}\0`).update(await readFile(file));
      if (entry.kind === 'link') hash.update(`${await readlink(file)}\0`);
    }
  } catch (error) {
    throw new ConfigError(`cannot read the files of ${layer}: ${folder}`, {
      cause: error,
      hint: 'Look at "files:" and "run:" of that layer in image.yaml.',
    });
  }
  return hash.digest('hex');
}
