/** What earlier builds left: complete layers, the numbers of the image family, the parts of the last build. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir, listVersions } from '../host/image-store.ts';
import { readJsonFile } from '../host/json-file.ts';
import { walkTree } from '../host/tree.ts';
import { BuildRecord, emptyIdRegistry, IdRegistry, LayerRecord } from '../model/build-record.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import type { BuildCache } from '../plan/build.ts';
import type { LayerInputs } from '../plan/build-layers.ts';
import type { CachedLayer } from '../plan/id-registry.ts';
import { lockFileName } from './lock-file.ts';
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
    lastDetails: new Map(Object.entries(record.details ?? {})),
    publishedKey: newest?.key,
  };
}

export async function readLayers(folder: string): Promise<Map<string, CachedLayer>> {
  const layers = new Map<string, CachedLayer>();
  for (const key of await readdir(folder).catch((): string[] => [])) {
    // One that is being removed.
    if (key.startsWith('.')) continue;
    const file = path.join(folder, key, 'layer.json');
    const record = await readJsonFile<LayerRecord | undefined>({ file, schema: LayerRecord, empty: undefined });
    if (record !== undefined) layers.set(key, record);
  }
  return layers;
}

/** @param roots of layers, the uppermost first */
export async function readUppermost(roots: readonly string[], file: string): Promise<string> {
  for (const root of roots) {
    const text = await readFile(path.join(root, file), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new HostError(`the image has no /${file}`, { hint: 'Its base needs the packages base-files and base-passwd.' });
}

/** What each layer takes from the folder of image.yaml, by name of the layer. */
export async function digestLayerInputs(spec: ImageSpec, specDir: string): Promise<Map<string, LayerInputs>> {
  const inputs = new Map<string, LayerInputs>();
  for (const { name, run, inputs: named, files } of spec.layers) {
    inputs.set(name, {
      // A program may read anything beside image.yaml, so all of it counts where nothing is named.
      run:
        run.length === 0
          ? undefined
          : await digestFiles(specDir, named === undefined ? ['.'] : [...run, ...named], name),
      files: files === undefined ? undefined : await digestFiles(specDir, [files], name),
    });
  }
  return inputs;
}

/** Hidden from programs: what these say of a layer is in its key already. */
const notInputs = new Set([lockFileName, 'image.yaml']);

async function digestFiles(dir: string, names: readonly string[], layer: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  try {
    for (const name of names) {
      for await (const [file, digest] of digestEntries(dir, name)) if (!notInputs.has(file)) digests[file] = digest;
    }
  } catch (error) {
    throw cannotRead(layer, path.join(dir, names.length === 1 ? (names[0] ?? '') : ''), error);
  }
  return digests;
}

/** Over paths, modes and contents; not over times and owners, which the image does not take over. */
export async function digestFolder(folder: string, layer: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const [file, digest] of digestEntries(folder, '.')) hash.update(`${file}\0${digest}\n`);
  } catch (error) {
    throw cannotRead(layer, folder, error);
  }
  return hash.digest('hex');
}

function cannotRead(layer: string, place: string, cause: unknown): ConfigError {
  return new ConfigError(`cannot read the files of ${layer}: ${place}`, {
    cause,
    hint: 'Look at "files:", "run:" and "inputs:" of that layer in image.yaml.',
  });
}

/** A file, or a folder with all that is in it. */
async function* digestEntries(dir: string, name: string): AsyncGenerator<[file: string, digest: string]> {
  const start = path.normalize(name).replace(/\/$/, '');
  if (start !== '.') yield [start, await digestEntry(path.join(dir, start))];
  if (!(await lstat(path.join(dir, start))).isDirectory()) return;
  for await (const entry of walkTree(dir, start === '.' ? '' : start)) {
    yield [entry.path, await digestEntry(path.join(dir, entry.path))];
  }
}

async function digestEntry(file: string): Promise<string> {
  const info = await lstat(file);
  const hash = createHash('sha256').update(info.mode.toString(8));
  if (info.isFile()) hash.update(await readFile(file));
  if (info.isSymbolicLink()) hash.update(await readlink(file));
  return hash.digest('hex');
}
