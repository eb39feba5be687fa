/** Builds of images in the running service: what can be built, and the part that has one built. */
import type { BuildActions } from '../api/actions.ts';
import type { ListedBuild, ShownBuild } from '../api/schemas/image-build.ts';
import { runBuilds, type BuildDeps } from '../fleet/image-build-run.ts';
import { startBuild, type BuildFleet, type BuildOrder } from '../fleet/image-build-start.ts';
import { listImageSpecs } from '../host/config-files.ts';
import type { Argv } from '../host/process.ts';
import { startGroup } from '../host/process-group.ts';
import { buildingProcess } from '../host/work-dir.ts';
import type { ImageBuild } from '../model/image-build.ts';
import type { Log } from '../model/log.ts';
import { listBuilds } from '../plan/image-build-journal.ts';
import type { Part } from '../serve/supervise.ts';
import { encodeRootAct } from '../wire/root-act.ts';
import { buildArgv, readBuildPlan, startBuildProgram } from './build-programs.ts';
import type { Paths } from './context.ts';
import { selfWithPaths } from './self.ts';
import type { Service } from './wire-up.ts';

export interface ServiceBuilds {
  readonly fleet: BuildFleet;
  readonly deps: BuildDeps;
}

interface BuildSources extends Pick<Service, 'state'> {
  readonly paths: Paths;
  readonly log: Log;
  /** This process is not root. */
  readonly byHelper: boolean;
}

const now = () => Date.now();

export function openBuilds({ paths, state, log, byHelper }: BuildSources): ServiceBuilds {
  const argvOf = (order: BuildOrder, isPlan: boolean) =>
    byHelper ? askArgv(paths, order, isPlan) : buildArgv(paths, order, isPlan);
  // In the unit of a service that is not root: what speaks for the program that the helper runs.
  const startProgram = byHelper ? startGroup : startBuildProgram;
  return {
    fleet: {
      state,
      images: async () => [...(await listImageSpecs(paths.dataDirs)).keys()].toSorted(),
      otherBuild: () => buildingProcess(paths.state),
      plan: (order) => readBuildPlan(order, argvOf(order, true)),
      now,
    },
    deps: { state, start: (build, onLine) => startProgram(argvOf(build, false), onLine), now, log },
  };
}

/** It says why it fails and what comes of it as "pi-image build" does, since that is what the helper runs. */
function askArgv(paths: Paths, { image, packages, squash }: BuildOrder, isPlan: boolean): Argv {
  const act = encodeRootAct({ act: 'build', image, packages, squash, isPlan });
  return selfWithPaths(paths, 'helper', '--ask', act.trim());
}

export function buildsPart({ builds }: Pick<Service, 'builds'>, lookEveryMs?: number): Part {
  const run: Part['run'] = (signal, ready) => {
    ready();
    return runBuilds(builds.deps, signal, lookEveryMs);
  };
  return { name: 'builds', run };
}

export function buildActions({ builds: { fleet } }: Pick<Service, 'builds'>): BuildActions {
  return { buildImage: (wanted, options) => startBuild(wanted, options, fleet) };
}

/** undefined: that is the number of no build. */
export function buildNamed({ state }: Pick<Service, 'state'>, id: string): ShownBuild | undefined {
  const found = state.current().imageBuilds[id];
  return found && shown(found);
}

export function listedBuilds({ state }: Pick<Service, 'state'>): ListedBuild[] {
  return listBuilds(state.current()).map((build) => {
    const { log: _log, steps: _steps, ...listed } = shown(build);
    return listed;
  });
}

function shown({ leader: _leader, begunAtMs: _begun, ...build }: ImageBuild): ShownBuild {
  const done = build.steps.filter(({ endedAtMs }) => endedAtMs !== undefined).length;
  return { ...build, nodes: [], counts: { done, running: build.steps.length - done } };
}
