/** Which of the things that builds have left the images still need: by their locks, their image.yaml and the versions that stay. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { readJsonFile } from '../host/json-file.ts';
import { PackageLock } from '../model/package-lock.ts';
import { wantedOfBase } from '../plan/build-layers.ts';
import { lockedPackages, parseInstalled, unpackedPackages } from '../plan/package-lock.ts';
import { allPackages } from './fast-engine.ts';
import { nativeKey } from './native-programs.ts';
import { readLayers } from './read-cache.ts';
import { buildPaths, layerRoot } from './running-build.ts';

/** Of the last build of each image, and of those whose lock lies beside image.yaml. */
export async function readLocks(stateDir: string, besideSpecs: readonly string[]): Promise<PackageLock[]> {
  const folder = path.dirname(buildPaths(stateDir).lock('x'));
  const own = (await namesIn(folder)).filter((name) => name.endsWith('.json')).map((name) => path.join(folder, name));
  const locks = await Promise.all(
    [...own, ...besideSpecs].map((file) =>
      readJsonFile<PackageLock | undefined>({ file, schema: PackageLock, empty: undefined }),
    ),
  );
  return locks.filter((lock) => lock !== undefined);
}

/** A build can be repeated without a network. */
export function neededDebs(locks: readonly PackageLock[]): Set<string> {
  const packages = locks.flatMap((lock) => [...lockedPackages(lock), ...unpackedPackages(lock)]);
  return new Set(packages.map(({ fileName }) => fileName));
}

/** What holds the names of others is a document: a manifest or an index of a container image. */
const largestDocument = 1 << 20;
const digest = /\b[0-9a-f]{64}\b/g;

/** Downloads by their digests: of bases that a lock or an image.yaml names, and what those name in turn. */
export async function neededDownloads(
  folder: string,
  { locks, specFiles }: { readonly locks: readonly PackageLock[]; readonly specFiles: readonly string[] },
): Promise<Set<string>> {
  const next = locks.flatMap(({ base }) => (base === undefined ? [] : [base.digest]));
  for (const file of specFiles) next.push(...digestsIn(await readFile(file, 'utf8').catch(() => '')));
  const needed = new Set<string>();
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    next.push(...digestsIn(await readDocument(path.join(folder, name))));
  }
  return needed;
}

const digestsIn = (text: string): string[] => text.match(digest) ?? [];

async function readDocument(file: string): Promise<string> {
  const info = await stat(file).catch(() => undefined);
  return info?.isFile() === true && info.size <= largestDocument ? readFile(file, 'utf8') : '';
}

/** Sets of this machine's programs that the next build of an image would take. */
export async function neededPrograms(stateDir: string, locks: readonly PackageLock[]): Promise<Set<string>> {
  const layers = await readLayers(buildPaths(stateDir).layers);
  const keys = await Promise.all(
    locks.map(async (lock) => {
      const wanted = lock.base && wantedOfBase(lock.base);
      const [base] = [...layers].find(([, layer]) => layer.wanted === wanted) ?? [];
      return nativeKey(allPackages(lock, base === undefined ? [] : await installedIn(stateDir, base)));
    }),
  );
  return new Set(keys.filter((key) => key !== undefined));
}

async function installedIn(stateDir: string, layer: string) {
  const status = path.join(layerRoot(stateDir, layer), 'var/lib/dpkg/status');
  return parseInstalled(await readFile(status, 'utf8').catch(() => ''));
}

export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((): string[] => []);
}
