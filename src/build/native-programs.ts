/** Programs of this machine's architecture for an image's: found in the archive once, kept in native/<key> of the state directory. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describePackages, offerPackages, openApt, updateLists } from '../host/apt.ts';
import { fetchDebs, missingDebs } from '../host/deb-store.ts';
import { readJsonFile } from '../host/json-file.ts';
import { nativeArchitecture, unpackNative } from '../host/native-tree.ts';
import { NativeRecord, type NativePackage } from '../model/native-programs.ts';
import type { ArchiveSource, LockedPackage } from '../model/package-lock.ts';
import { renderSourcesList } from '../plan/build-sources.ts';
import { canonicalJson, sha256 } from '../plan/canonical-json.ts';
import {
  mayBeNative,
  nativeCandidates,
  nativeRulesDigest,
  nativeSources,
  type InstalledPackage,
} from '../plan/native-programs.ts';
import { lockPackages, parseOffers } from '../plan/package-lock.ts';
import type { BuildProgress } from './progress.ts';
import { buildPaths } from './running-build.ts';

export interface NativeRequest {
  readonly stateDir: string;
  /** All that the image has and gets. */
  readonly packages: readonly InstalledPackage[];
  readonly sources: readonly ArchiveSource[];
  /** What was not fetched yet is not there. */
  readonly offline: boolean;
  readonly progress: BuildProgress;
  readonly signal: AbortSignal;
}

export interface NativePrograms {
  readonly dir: string;
  readonly packages: readonly NativePackage[];
}

/** @returns undefined where this machine's programs cannot stand in for an image's, or need not */
export async function prepareNative(request: NativeRequest): Promise<NativePrograms | undefined> {
  const architecture = nativeArchitecture();
  const candidates = nativeCandidates(request.packages);
  const key = nativeKey(request.packages);
  if (architecture === undefined || key === undefined) return undefined;
  if (nativeSources(request.sources).length === 0) return undefined;
  const folder = buildPaths(request.stateDir).native;
  const dir = path.join(folder, key);
  const kept = await readRecord(dir);
  if (kept !== undefined) return { dir, packages: kept.packages };
  if (request.offline) return undefined;
  request.progress.detail('unpacking programs of this machine that stand in for emulated ones');
  await mkdir(folder, { recursive: true });
  const debs = await fetchNative(request, architecture, candidates);
  const fresh = `${dir}.${process.pid}.new`;
  await rm(fresh, { recursive: true, force: true });
  const packages = await unpackNative({ dir: fresh, debs, mayBeNative, signal: request.signal });
  const record: NativeRecord = { format: 1, packages };
  await writeFile(path.join(fresh, 'native.json'), `${JSON.stringify(record)}\n`);
  await rename(fresh, dir);
  await dropOldest(folder);
  return { dir, packages };
}

/** Name of the set for an image with these packages; undefined where there can be none. */
export function nativeKey(packages: readonly InstalledPackage[]): string | undefined {
  const architecture = nativeArchitecture();
  const candidates = nativeCandidates(packages);
  if (architecture === undefined || !candidates.some(({ name }) => name === 'dpkg')) return undefined;
  const versions = candidates.map(({ name, version }) => [name, version]);
  return sha256(canonicalJson({ architecture, rules: nativeRulesDigest, versions }));
}

function readRecord(dir: string): Promise<NativeRecord | undefined> {
  const file = path.join(dir, 'native.json');
  return readJsonFile<NativeRecord | undefined>({ file, schema: NativeRecord, empty: undefined });
}

async function fetchNative(
  { stateDir, sources, progress, signal }: NativeRequest,
  architecture: string,
  candidates: readonly InstalledPackage[],
) {
  const options = { signal, onLine: progress.output };
  const apt = await openApt(
    path.join(buildPaths(stateDir).apt, architecture),
    renderSourcesList(nativeSources(sources)),
    signal,
    architecture,
  );
  await updateLists(apt, options);
  const names = candidates.map(({ name }) => name);
  const offers = parseOffers(await offerPackages(apt, { status: '', packages: names }, options));
  const ids = offers.map(({ name, version }) => `${name}=${version}`);
  const locked = lockPackages(offers, await describePackages(apt, ids, options));
  const store = buildPaths(stateDir).debs;
  await fetchDebs(apt, store, await missingDebs(store, locked), options);
  const wanted = new Set(names);
  return locked
    .filter((each) => each.architecture === architecture)
    .map(({ name, version, fileName }: LockedPackage) => ({
      name,
      version,
      file: path.join(store, fileName),
      hasPrograms: wanted.has(name),
    }));
}

const kept = 3;

/** An image or two, and what each was made with before. */
async function dropOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  const ages = await Promise.all(
    names.map(async (name) => ({ name, madeMs: (await stat(path.join(folder, name))).mtimeMs })),
  );
  for (const { name } of ages.toSorted((a, b) => b.madeMs - a.madeMs).slice(kept)) {
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}
