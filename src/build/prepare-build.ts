/** What a build would do: which base, which packages, which steps. Changes nothing but apt's indexes, unless a base must be unpacked to look into it. */
import { ConfigError } from '../model/errors.ts';
import type { ResolvedBase } from '../model/image-base.ts';
import type { PackageLock } from '../model/package-lock.ts';
import { planBuild, type BuildInputs, type BuildPlan } from '../plan/build.ts';
import { planUnpack } from '../plan/build-layers.ts';
import type { SourceOverrides } from '../plan/build-sources.ts';
import { canonicalJson } from '../plan/canonical-json.ts';
import { lockMismatch } from '../plan/package-lock.ts';
import { explainArchive, openAptFor, readIndexes } from './archives.ts';
import { explainDisk } from './disk-error.ts';
import { readLock } from './lock-file.ts';
import { digestFolder, digestLayerInputs, readCache } from './read-cache.ts';
import { resolveLock, type ResolveMode } from './resolve-lock.ts';
import { layerRoot, type BuildRequest } from './running-build.ts';
import { unpackAlone } from './unpack-alone.ts';
import { resolveBase } from './unpack-base.ts';

export interface BuildOptions {
  /** Look for newer packages; `anew` also where that makes a new base. */
  readonly update: boolean | 'anew';
  /** A version is made though nothing changed. */
  readonly again?: boolean;
  readonly overrides: SourceOverrides;
  /** Nothing is unpacked to find out more. */
  readonly onlyPlan: boolean;
}

export interface PlannedBuild {
  readonly kind: 'planned';
  readonly lock: PackageLock;
  readonly inputs: BuildInputs;
  readonly plan: BuildPlan;
  /** False when the kept lock answered and no archive was asked. */
  readonly lookedForUpdates: boolean;
}

/** What the layers need is known when one can look into the base. */
export interface UnknownBuild {
  readonly kind: 'base-first';
  readonly base: ResolvedBase;
}

export function prepareBuild(request: BuildRequest, options: BuildOptions): Promise<PlannedBuild | UnknownBuild> {
  return explainDisk(request.stateDir, prepare(request, options));
}

async function prepare(request: BuildRequest, options: BuildOptions): Promise<PlannedBuild | UnknownBuild> {
  const { spec, specDir, stateDir, name } = request;
  const found = await findLock(request, options);
  if (found.kind === 'base-first') return found;
  const { lock, lookedForUpdates } = found;
  const inputs = {
    spec,
    lock,
    layerInputs: await digestLayerInputs(spec, specDir),
    bootInputs: await digestFolder(request.scriptsDir, 'the initramfs'),
    isAskedAgain: options.again === true,
  };
  return { kind: 'planned', lock, inputs, lookedForUpdates, plan: planBuild(inputs, await readCache(stateDir, name)) };
}

interface FoundLock {
  readonly kind: 'found';
  readonly lock: PackageLock;
  readonly lookedForUpdates: boolean;
}

/** The lock that answers, asked for anew where it must be. */
async function findLock(request: BuildRequest, options: BuildOptions): Promise<FoundLock | UnknownBuild> {
  const old = await readLock(request);
  const base = await findSource(request, options.update === 'anew' ? undefined : old);
  const mismatch = lockMismatch(old, request.spec, base);
  const answer = mismatch === undefined ? old : undefined;
  if (answer !== undefined && options.update === false) return keep(answer, false);
  requireOnline(request, mismatch ?? '--update needs the archives');
  const baseRoot = base === undefined ? undefined : await findBase(request, base, options);
  if (base !== undefined && baseRoot === undefined) return { kind: 'base-first', base };
  if (answer !== undefined && !(await hasNews(answer, { request, options, baseRoot }))) return keep(answer, true);
  const { overrides } = options;
  const lock = await resolveLock({ ...request, overrides, base, baseRoot }, old, modeOf(options));
  return { kind: 'found', lock, lookedForUpdates: true };
}

/** @returns undefined where the archives are the base */
async function findSource(request: BuildRequest, old: PackageLock | undefined): Promise<ResolvedBase | undefined> {
  const { base } = request.spec;
  return 'apt' in base ? undefined : resolveBase(base, { ...request, locked: old?.base });
}

function requireOnline({ name, offline }: BuildRequest, why: string): void {
  if (!offline) return;
  throw new ConfigError(`${name} cannot be built offline: ${why}`, {
    hint: 'Build it once without --offline: what it needs is then kept.',
  });
}

function modeOf({ update }: BuildOptions): ResolveMode {
  if (update === 'anew') return 'anew';
  return update ? 'update' : 'keep';
}

function keep(lock: PackageLock, lookedForUpdates: boolean): FoundLock {
  return { kind: 'found', lock, lookedForUpdates };
}

/** @returns its root; undefined when it would have to be unpacked first */
async function findBase(
  request: BuildRequest,
  base: ResolvedBase,
  { onlyPlan }: BuildOptions,
): Promise<string | undefined> {
  const step = planUnpack(base, await readCache(request.stateDir, request.name));
  if (step.state.kind === 'run') {
    if (onlyPlan) return undefined;
    await unpackAlone(step, request);
  }
  return layerRoot(request.stateDir, step.key);
}

interface Asked {
  readonly request: BuildRequest;
  readonly options: BuildOptions;
  readonly baseRoot: string | undefined;
}

/** The archives' signed indexes side by side with those of the lock: as long as they are the same, so are all answers. */
async function hasNews(old: PackageLock, { request, options, baseRoot }: Asked): Promise<boolean> {
  const { mirrors, keyrings } = options.overrides;
  const isOverridden = Object.keys({ ...mirrors, ...keyrings }).length > 0;
  if (old.indexes === undefined || isOverridden || options.update === 'anew') return true;
  const { signal, progress } = request;
  const apt = await openAptFor(request.stateDir, old.sources, { baseRoot, signal });
  const reading = readIndexes(apt, old.sources, { signal, onLine: progress.output });
  const now = await explainArchive(old.sources, reading);
  return canonicalJson(now ?? []) !== canonicalJson(old.indexes);
}
