/** One build as a straight line: one executor per step. What a step leaves may spare the next ones. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { ensureArm64Runs } from '../host/binfmt.ts';
import { beginVersion, imagesDir, listVersions } from '../host/image-store.ts';
import { claimWorkDir, type WorkDir } from '../host/work-dir.ts';
import { planBuild, type BuildAction, type BuildPlan, type BuildStep, type BuildStepArgs } from '../plan/build.ts';
import { checkIds } from '../plan/id-registry.ts';
import { stepTitle } from '../plan/build-text.ts';
import { sealBuild } from './apply-seal.ts';
import { keepInitramfs, restoreBootFiles } from './boot-cache.ts';
import { checkMachine } from './check-machine.ts';
import { explainDisk } from './disk-error.ts';
import { needOfBuild } from './disk-need.ts';
import { forgetDamagedObjects } from './damaged-objects.ts';
import { fetchMissing } from './fetch-missing.ts';
import { flatten } from './flatten.ts';
import { writeLock } from './lock-file.ts';
import { makeBase, makeLayer, unpackLayer } from './make-layer.ts';
import type { PlannedBuild } from './prepare-build.ts';
import { discardTorso, lint, publish } from './publish.ts';
import { readCache, readRegistry } from './read-cache.ts';
import { buildPaths, type BuildRequest, type RunningBuild } from './running-build.ts';

/** One function per step; a new step without an executor does not compile. */
type Executors = {
  readonly [A in BuildAction]: (args: Readonly<BuildStepArgs[A]>, build: RunningBuild) => Promise<void>;
};

const executors: Executors = {
  bootstrap: makeBase,
  unpack: unpackLayer,
  layer: makeLayer,
  flatten,
  'boot-files': restoreBootFiles,
  initramfs: keepInitramfs,
  seal: sealBuild,
  lint,
  publish,
};

export type BuildOutcome =
  | { readonly kind: 'published'; readonly version: string }
  /** The layers were made anew, and turned out to hold what the newest version holds. */
  | { readonly kind: 'same'; readonly version: string };

export async function runBuild(request: BuildRequest, planned: PlannedBuild): Promise<BuildOutcome> {
  await checkMachine(request.stateDir);
  const need = () => needOfBuild(planned.plan, request);
  const work = await explainDisk(request.stateDir, claimWorkDir(request.stateDir), need);
  try {
    return await explainDisk(request.stateDir, runClaimed(request, planned, work), need);
  } finally {
    await work.release();
  }
}

async function runClaimed(asked: BuildRequest, planned: PlannedBuild, work: WorkDir): Promise<BuildOutcome> {
  const request = await logged(asked);
  const { stateDir, name, signal } = request;
  const { lock, plan } = planned;
  await writeLock(request, lock);
  const note = await ensureArm64Runs(signal);
  if (note !== undefined) request.progress.note(note);
  if (planned.inputs.isAskedAgain === true) await forgetDamaged(request);
  const torso = await beginVersion(imagesDir(stateDir), name);
  const registry = await readRegistry(stateDir, name);
  const found: RunningBuild['found'] = {
    kernels: [],
    bootCache: undefined,
    placed: new Map(),
    sealed: undefined,
    tree: undefined,
    version: undefined,
  };
  const build: RunningBuild = { ...request, lock, plan, registry, workDir: work.dir, torso, found };
  try {
    // Before what was made is removed: then there would be room.
    return await explainDisk(stateDir, runSteps(planned, build), () => needOfBuild(plan, request));
  } finally {
    await discardTorso(torso);
  }
}

/** The version is asked for again because the one that there is may be damaged, and it would share its files. */
async function forgetDamaged({ stateDir, signal, progress }: BuildRequest): Promise<void> {
  const damaged = await forgetDamagedObjects(imagesDir(stateDir), signal);
  if (damaged > 0) progress.note(`damaged, and not shared any more: ${damaged} files of earlier versions`);
}

async function runSteps(planned: PlannedBuild, build: RunningBuild): Promise<BuildOutcome> {
  const { stateDir, name, signal, progress, found } = build;
  let { plan } = planned;
  let hasDebs = false;
  for (let index = 0; index < plan.steps.length && !plan.isUpToDate; index += 1) {
    const step = plan.steps[index];
    if (step === undefined || step.state.kind === 'cached') continue;
    signal.throwIfAborted();
    // The keys of an unpacked base's archives lie in it, so it comes before all downloads.
    if (!hasDebs && step.action !== 'unpack') {
      await fetchMissing(build, build.lock, plan.steps);
      hasDebs = true;
    }
    progress.step({ index: index + 1, total: plan.steps.length, title: stepTitle(step) });
    await execute(step, { ...build, plan });
    if (isLayer(step)) plan = await planAgain(step.key, planned, build);
  }
  if (found.version !== undefined) return { kind: 'published', version: found.version };
  const [newest] = await listVersions(imagesDir(stateDir), name);
  return { kind: 'same', version: newest?.version ?? '' };
}

/**
 * A layer that was made anew may hold what it held before: then those above it are there already.
 * @throws ConfigError when it gives a user another number than the image's versions before: no plan has room for it
 */
async function planAgain(made: string, { inputs }: PlannedBuild, { stateDir, name }: BuildRequest): Promise<BuildPlan> {
  const cache = await readCache(stateDir, name);
  const layer = cache.layers.get(made);
  if (layer !== undefined) checkIds(name, cache.registry, layer);
  return planBuild(inputs, cache);
}

function isLayer(step: BuildStep): step is Extract<BuildStep, { action: 'bootstrap' | 'unpack' | 'layer' }> {
  const { action } = step;
  return action === 'bootstrap' || action === 'unpack' || action === 'layer';
}

function execute<A extends BuildAction>(step: Extract<BuildStep, { action: A }>, build: RunningBuild): Promise<void> {
  // The step and its executor have the same action; the compiler cannot follow a union through a table.
  const run = executors[step.action] as (args: BuildStep, build: RunningBuild) => Promise<void>;
  return run(step, build);
}

/** Also keeps every line of every program in a file, with its second: the end of it is in the error, the rest there. */
async function logged(request: BuildRequest): Promise<BuildRequest> {
  const { stateDir, name, now, progress } = request;
  const file = buildPaths(stateDir).log(name);
  const startedAtMs = now().getTime();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '');
  let writing = Promise.resolve();
  const output = (line: string) => {
    const seconds = ((now().getTime() - startedAtMs) / 1000).toFixed(1).padStart(6);
    writing = writing.then(() => appendFile(file, `${seconds} ${line}\n`)).catch(() => undefined);
    progress.output(line);
  };
  return { ...request, progress: { ...progress, output } };
}
