/** One build as a straight line: lock, plan, then one executor per step. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { ensureArm64Runs } from '../host/binfmt.ts';
import { fetchDebs, missingDebs } from '../host/deb-store.ts';
import { beginVersion, imagesDir } from '../host/image-store.ts';
import { claimWorkDir, type WorkDir } from '../host/work-dir.ts';
import { ConfigError } from '../model/errors.ts';
import type { PackageLock } from '../model/package-lock.ts';
import type { SourceOverrides } from '../plan/build-sources.ts';
import {
  planBuild,
  stepTitle,
  type BuildAction,
  type BuildPlan,
  type BuildStep,
  type BuildStepArgs,
} from '../plan/build.ts';
import { lockMismatch, unpackedPackages } from '../plan/package-lock.ts';
import { seal } from './apply-seal.ts';
import { makeBootFiles, makeInitramfs } from './assemble.ts';
import { flatten } from './flatten.ts';
import { makeBase, makeLayer } from './make-layer.ts';
import { checkMachine } from './check-machine.ts';
import { explainDisk } from './disk-error.ts';
import { downloadProgress } from './progress.ts';
import { discardTorso, lint, publish } from './publish.ts';
import { digestFolder, digestLayerFiles, readCache, readRegistry } from './read-cache.ts';
import { explainArchive, openAptFor, readLock, resolveLock, writeLock } from './resolve-lock.ts';
import { buildPaths, type BuildRequest, type RunningBuild } from './running-build.ts';

export interface BuildOptions {
  readonly update: boolean;
  readonly offline: boolean;
  readonly overrides: SourceOverrides;
}

export interface PlannedBuild {
  readonly lock: PackageLock;
  readonly plan: BuildPlan;
  /** False when the cached lock answered and no archive was asked. */
  readonly lookedForUpdates: boolean;
}

/** One function per step; a new step without an executor does not compile. */
type Executors = {
  readonly [A in BuildAction]: (args: Readonly<BuildStepArgs[A]>, build: RunningBuild) => Promise<void>;
};

const executors: Executors = {
  bootstrap: makeBase,
  layer: makeLayer,
  flatten,
  'boot-files': makeBootFiles,
  initramfs: makeInitramfs,
  seal,
  lint,
  publish,
};

/** Reads and asks, but changes nothing except apt's indexes. */
export async function prepareBuild(request: BuildRequest, options: BuildOptions): Promise<PlannedBuild> {
  const { spec, specDir, stateDir, name } = request;
  const { lock, lookedForUpdates } = await findLock(request, options);
  const inputs = {
    spec,
    lock,
    layerFiles: await digestLayerFiles(spec, specDir),
    bootInputs: await digestFolder(request.scriptsDir, 'the initramfs'),
  };
  return { lock, lookedForUpdates, plan: planBuild(inputs, await readCache(stateDir, name)) };
}

async function findLock(
  request: BuildRequest,
  { update, offline, overrides }: BuildOptions,
): Promise<Pick<PlannedBuild, 'lock' | 'lookedForUpdates'>> {
  const { spec, name, stateDir } = request;
  const old = await readLock(stateDir, name);
  const mismatch = lockMismatch(old, spec);
  if (old !== undefined && mismatch === undefined && !update) return { lock: old, lookedForUpdates: false };
  if (offline) {
    throw new ConfigError(`${name} cannot be built offline: ${mismatch ?? '--update needs the archives'}`, {
      hint: 'Build it once without --offline: what it needs is then kept.',
    });
  }
  const kept = update ? undefined : old;
  return { lock: await resolveLock({ ...request, overrides }, kept), lookedForUpdates: true };
}

/** @returns the name of the version that was published */
export async function runBuild(request: BuildRequest, planned: PlannedBuild, options: BuildOptions): Promise<string> {
  await checkMachine(request.stateDir);
  const work = await claimWorkDir(request.stateDir);
  try {
    return await explainDisk(request.stateDir, runSteps(request, planned, { options, work }));
  } finally {
    await work.release();
  }
}

async function runSteps(
  request: BuildRequest,
  { lock, plan }: PlannedBuild,
  { options, work }: { options: BuildOptions; work: WorkDir },
): Promise<string> {
  const { stateDir, name, signal } = request;
  const progress = await logged(request);
  const logging = { ...request, progress };
  await writeLock(stateDir, name, lock);
  const note = await ensureArm64Runs(signal);
  if (note !== undefined) progress.note(note);
  await fetchMissing(logging, lock, { plan, options });
  const torso = await beginVersion(imagesDir(stateDir), name);
  const registry = await readRegistry(stateDir, name);
  const found: RunningBuild['found'] = { kernels: [], placed: new Map(), tree: undefined, version: undefined };
  const build: RunningBuild = { ...logging, lock, plan, registry, workDir: work.dir, torso, found };
  try {
    for (const [index, step] of plan.steps.entries()) {
      if (step.state.kind === 'cached') continue;
      signal.throwIfAborted();
      progress.step({ index: index + 1, total: plan.steps.length, title: stepTitle(step) });
      await execute(step, build);
    }
  } finally {
    await discardTorso(torso);
  }
  if (found.version === undefined) throw new Error('the plan has no publish step');
  return found.version;
}

function execute<A extends BuildAction>(step: Extract<BuildStep, { action: A }>, build: RunningBuild): Promise<void> {
  // The step and its executor have the same action; the compiler cannot follow a union through a table.
  const run = executors[step.action] as (args: BuildStep, build: RunningBuild) => Promise<void>;
  return run(step, build);
}

/** Also keeps every line of every program in a file, with its second: the end of it is in the error, the rest there. */
async function logged({ stateDir, name, now, progress }: BuildRequest): Promise<BuildRequest['progress']> {
  const file = buildPaths(stateDir).log(name);
  const startedAtMs = now().getTime();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '');
  let writing = Promise.resolve();
  return {
    ...progress,
    output: (line) => {
      const seconds = ((now().getTime() - startedAtMs) / 1000).toFixed(1).padStart(6);
      writing = writing.then(() => appendFile(file, `${seconds} ${line}\n`)).catch(() => undefined);
      progress.output(line);
    },
  };
}

async function fetchMissing(
  request: BuildRequest,
  lock: PackageLock,
  { plan, options }: { plan: BuildPlan; options: BuildOptions },
): Promise<void> {
  const { stateDir, spec, signal, progress } = request;
  const wanted = plan.steps.flatMap((step) => {
    if (step.state.kind === 'cached') return [];
    return step.action === 'bootstrap' || step.action === 'layer' ? step.packages : [];
  });
  const store = buildPaths(stateDir).debs;
  const missing = await missingDebs(store, [...wanted, ...unpackedPackages(lock)]);
  if (missing.length === 0) return;
  if (options.offline) {
    throw new ConfigError(`${request.name} cannot be built offline: ${missing.length} packages are not in ${store}`, {
      hint: 'Build it once without --offline: what it needs is then kept.',
    });
  }
  const megabytes = Math.ceil(missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6);
  progress.note(`fetching ${missing.length} packages, ${megabytes} MB`);
  const apt = await openAptFor(stateDir, lock.sources, spec, signal);
  const onLine = downloadProgress(missing.length, progress);
  await explainArchive(lock.sources, fetchDebs(apt, store, missing, { signal, onLine }));
}
