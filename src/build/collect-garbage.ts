/** Removes versions that nobody uses, and what builds have left that no version needs any more. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir, persistentDir, squashDir } from '../host/image-store.ts';
import { patternsDir } from '../host/persistent-tree.ts';
import { removeFolder, removeVersion, sweepGone, sweepStore } from '../host/store-sweep.ts';
import { readCost } from '../host/version-cost.ts';
import { claimWorkDir } from '../host/work-dir.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { PackageLock } from '../model/package-lock.ts';
import { readJsonFile } from '../host/json-file.ts';
import { planCacheGc, planGc, type CachedPart, type GcDecision, type GcInput } from '../plan/gc.ts';
import { lockedPackages, unpackedPackages } from '../plan/package-lock.ts';
import { buildPaths } from './running-build.ts';
import { sourcesDir } from './unpack-context.ts';

export interface GarbagePlan {
  readonly decisions: readonly GcDecision[];
  readonly versions: readonly ImageManifest[];
  /** Keys of layers and names of package files. */
  readonly layers: readonly string[];
  readonly debs: readonly string[];
  /** Downloads that layers were made of. */
  readonly sources: readonly string[];
  readonly bytes: Readonly<Record<'versions' | 'layers' | 'debs' | 'sources', number>>;
}

export interface GarbageInput extends GcInput {
  /** Package locks that lie beside image.yaml. */
  readonly lockFiles: readonly string[];
}

export async function planGarbage(stateDir: string, input: GarbageInput): Promise<GarbagePlan> {
  const decisions = planGc(input);
  const versions = decisions.flatMap(({ manifest, reasons }) => (reasons.length === 0 ? [manifest] : []));
  const kept = decisions.flatMap(({ manifest, reasons }) => (reasons.length === 0 ? [] : [manifest]));
  const { layers: layersDir, debs: debsDir } = buildPaths(stateDir);
  const known = kept.every(({ index }) => index !== undefined) ? await partsIn(layersDir) : [];
  const layers = planCacheGc(known, neededLayers(kept), input.nowMs);
  const debs = planCacheGc(await partsIn(debsDir), await neededDebs(stateDir, input.lockFiles), input.nowMs);
  const sources = planCacheGc(await partsIn(sourcesDir({ stateDir })), new Set(), input.nowMs);
  const places = versions.flatMap((manifest) => placesOf(stateDir, manifest));
  return {
    decisions,
    versions,
    layers,
    debs,
    sources,
    bytes: {
      versions: (await readCost(places)).ownBytes,
      layers: (await readCost(layers.map((key) => path.join(layersDir, key)))).ownBytes,
      debs: await sizeOf(debs.map((name) => path.join(debsDir, name))),
      sources: (await readCost(sources.map((name) => path.join(sourcesDir({ stateDir }), name)))).ownBytes,
    },
  };
}

type VersionName = Pick<ImageManifest, 'name' | 'version'>;

const placesOf = (stateDir: string, { name, version }: VersionName) => [
  path.join(imagesDir(stateDir), name, version),
  ...madeOf(stateDir, { name, version }),
];

/** What the service has made of a version: its squashfs, and what private trees are cloned from. */
const madeOf = (stateDir: string, { name, version }: VersionName) => [
  path.join(squashDir(stateDir), name, version),
  path.join(persistentDir(stateDir), patternsDir, name, version),
];

/** One that was published before versions said what they are made of may need them all. */
function neededLayers(kept: readonly ImageManifest[]): Set<string> {
  return new Set(kept.flatMap(({ layers }) => layers?.map(({ key }) => key) ?? []));
}

/** Those of the last build of each image: it can be repeated without a network. */
async function neededDebs(stateDir: string, lockFiles: readonly string[]): Promise<Set<string>> {
  const folder = path.dirname(buildPaths(stateDir).lock('x'));
  const own = (await namesIn(folder)).filter((name) => name.endsWith('.json')).map((name) => path.join(folder, name));
  const needed = new Set<string>();
  for (const file of [...own, ...lockFiles]) {
    const lock = await readJsonFile<PackageLock | undefined>({ file, schema: PackageLock, empty: undefined });
    if (lock === undefined) continue;
    for (const { fileName } of [...lockedPackages(lock), ...unpackedPackages(lock)]) needed.add(fileName);
  }
  return needed;
}

/** With their layer's folder or file's time; what is not finished has a dot in front. */
async function partsIn(folder: string): Promise<CachedPart[]> {
  const names = (await namesIn(folder)).filter((name) => !name.startsWith('.'));
  const parts = await Promise.all(
    names.map(async (name) => {
      const info = await stat(path.join(folder, name)).catch(() => undefined);
      return info === undefined ? [] : [{ name, madeMs: Math.max(info.mtimeMs, info.ctimeMs) }];
    }),
  );
  return parts.flat();
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((): string[] => []);
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).blocks * 512));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

export interface GarbageOptions {
  readonly signal: AbortSignal;
  /** Each removal, when it is done. */
  readonly tell: (what: string) => void;
}

/** Decides again under the lock that keeps builds out. */
export async function collectGarbage(
  stateDir: string,
  readInput: () => Promise<GarbageInput>,
  { signal, tell }: GarbageOptions,
): Promise<GarbagePlan> {
  const work = await claimWorkDir(stateDir);
  try {
    const plan = await planGarbage(stateDir, await readInput());
    const { layers: layersDir, debs: debsDir } = buildPaths(stateDir);
    for (const { name, version } of plan.versions) {
      signal.throwIfAborted();
      await removeVersion(imagesDir(stateDir), { name, version });
      for (const made of madeOf(stateDir, { name, version })) await removeFolder(made);
      tell(`${name}@${version}`);
    }
    await sweepStore(imagesDir(stateDir));
    await sweepGone(layersDir);
    for (const key of plan.layers) {
      signal.throwIfAborted();
      await removeFolder(path.join(layersDir, key));
      tell(`layer ${key.slice(0, 12)}`);
    }
    for (const name of plan.debs) await rm(path.join(debsDir, name), { force: true });
    for (const name of plan.sources)
      await rm(path.join(sourcesDir({ stateDir }), name), { recursive: true, force: true });
    return plan;
  } finally {
    await work.release();
  }
}
