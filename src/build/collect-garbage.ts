/** Removes versions that nobody uses, and what builds have left that no version needs any more. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir, persistentDir, squashDir } from '../host/image-store.ts';
import { knownDigestsFile } from '../host/known-digests.ts';
import { patternsDir } from '../host/persistent-tree.ts';
import { visibleNames } from '../host/squashfs.ts';
import { removeFolder, removeVersion, sweepGone, sweepStore } from '../host/store-sweep.ts';
import { isFolder } from '../host/tree.ts';
import { readCost, readFreed } from '../host/version-cost.ts';
import { claimWorkDir, type WorkDir } from '../host/work-dir.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { planCacheGc, planGc, type CachedPart, type GcDecision, type GcInput, type GcVersion } from '../plan/gc.ts';
import { namesIn, neededDebs, neededDownloads, neededPrograms, readLocks } from './needed-parts.ts';
import { buildPaths } from './running-build.ts';
import { sourcesDir } from './unpack-context.ts';

/** Beside versions: layers, package files, downloads of bases, programs of this machine, and squashfs files whose version is gone. */
type PartKind = 'layer' | 'package' | 'download' | 'programs' | 'squashfs';

export interface GarbagePart {
  readonly kind: PartKind;
  readonly name: string;
  readonly place: string;
  readonly bytes: number;
}

export interface GarbageDecision extends GcDecision {
  /** What its going frees, when those before it are gone; 0 where it stays. */
  readonly bytes: number;
}

export interface GarbagePlan {
  readonly decisions: readonly GarbageDecision[];
  readonly versions: readonly GcVersion[];
  readonly parts: readonly GarbagePart[];
}

export interface GarbageInput extends GcInput {
  /** Package locks that lie beside image.yaml. */
  readonly lockFiles: readonly string[];
  /** All image.yaml. */
  readonly specFiles: readonly string[];
}

export async function planGarbage(stateDir: string, input: GarbageInput): Promise<GarbagePlan> {
  const decisions = await withBytes(stateDir, planGc(input));
  const versions = decisions.flatMap(({ manifest, reasons }) => (reasons.length === 0 ? [manifest] : []));
  const kept = decisions.flatMap(({ manifest, reasons }) => (reasons.length === 0 ? [] : [manifest]));
  const parts = [...(await cachedParts(stateDir, kept, input)), ...(await lostSquashes(stateDir))];
  return { decisions, versions, parts };
}

async function withBytes(stateDir: string, decisions: readonly GcDecision[]): Promise<GarbageDecision[]> {
  const going = decisions.filter(({ reasons }) => reasons.length === 0);
  const freed = await readFreed(going.map(({ manifest }) => placesOf(stateDir, manifest)));
  const bytes = new Map(going.map((decision, index) => [decision, freed[index] ?? 0]));
  return decisions.map((decision) => ({ ...decision, bytes: bytes.get(decision) ?? 0 }));
}

/** What builds have left and no image needs any more. */
async function cachedParts(
  stateDir: string,
  kept: readonly GcVersion[],
  { lockFiles, specFiles, nowMs }: GarbageInput,
): Promise<GarbagePart[]> {
  const paths = buildPaths(stateDir);
  const locks = await readLocks(stateDir, lockFiles);
  const find = async (kind: PartKind, folder: string, needed: ReadonlySet<string>) => {
    const parts = await partsIn(folder);
    const free = planCacheGc(parts, new Set(parts.map(({ name }) => name).filter((name) => isOf(name, needed))), nowMs);
    return Promise.all(free.map((name) => describePart(kind, name, path.join(folder, name))));
  };
  // A version that was published before versions said what they are made of may need all layers, and one that cannot be read.
  const areKnown = kept.every(({ index }) => index !== undefined);
  const sources = sourcesDir({ stateDir });
  const downloads = await neededDownloads(sources, { locks, specFiles });
  return [
    ...(areKnown ? await find('layer', paths.layers, neededLayers(kept)) : []),
    ...(await find('package', paths.debs, neededDebs(locks))),
    ...(await find('package', path.join(paths.debs, '.partial'), new Set())),
    ...(await find('download', sources, new Set([...downloads, knownDigestsFile]))),
    ...(await find('programs', paths.native, await neededPrograms(stateDir, locks))),
  ];
}

/** A download that is not complete belongs to the whole one. */
const isOf = (name: string, needed: ReadonlySet<string>) => needed.has(name.replace(/\.part(?:\.etag)?$/, ''));

async function describePart(kind: PartKind, name: string, place: string): Promise<GarbagePart> {
  const info = await stat(place).catch(() => undefined);
  const own = (info?.blocks ?? 0) * 512;
  return { kind, name, place, bytes: info?.isDirectory() === true ? own + (await readCost([place])).ownBytes : own };
}

/** A clean-up that died had removed the version, and not yet what was made of it. */
async function lostSquashes(stateDir: string): Promise<GarbagePart[]> {
  const dir = squashDir(stateDir);
  const parts: GarbagePart[] = [];
  for (const name of await visibleNames(dir)) {
    for (const version of await visibleNames(path.join(dir, name))) {
      if (await isFolder(path.join(imagesDir(stateDir), name, version))) continue;
      parts.push(await describePart('squashfs', `${name}@${version}`, path.join(dir, name, version)));
    }
  }
  return parts;
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

function neededLayers(kept: readonly GcVersion[]): Set<string> {
  return new Set(kept.flatMap(({ layers }) => layers?.map(({ key }) => key) ?? []));
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
  const work = await claimWithRoom(stateDir);
  try {
    const plan = await planGarbage(stateDir, await readInput());
    for (const { name, version } of plan.versions) {
      signal.throwIfAborted();
      await removeVersion(imagesDir(stateDir), { name, version });
      for (const made of madeOf(stateDir, { name, version })) await removeFolder(made);
      tell(`${name}@${version}`);
    }
    await sweepStore(imagesDir(stateDir));
    await sweepGone(buildPaths(stateDir).layers);
    for (const part of plan.parts) {
      signal.throwIfAborted();
      await removeFolder(part.place);
      tell(describePartName(part));
    }
    return plan;
  } finally {
    await work.release();
  }
}

/** Where the disk has not even room for that, what apt has fetched goes first: it is fetched again. */
async function claimWithRoom(stateDir: string): Promise<WorkDir> {
  try {
    return await claimWorkDir(stateDir);
  } catch (error) {
    const { cause } = error as Error;
    if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOSPC') throw error;
    await rm(buildPaths(stateDir).apt, { recursive: true, force: true });
    return claimWorkDir(stateDir);
  }
}

/** `layer 0123456789ab` */
export function describePartName({ kind, name }: Pick<GarbagePart, 'kind' | 'name'>): string {
  return `${kind} ${/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name}`;
}
