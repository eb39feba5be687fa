/** The middle of a layer: its accounts, and the programs that run inside the image. */
import { chmod, chown, copyFile, cp, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { runProgram, type ImageLayers } from '../host/chroot.ts';
import { placeTree } from '../host/layer-edit.ts';
import { listFiles } from '../host/tree.ts';
import { ConfigError } from '../model/errors.ts';
import { planAccounts, type AccountFiles, type AccountPlan } from '../plan/accounts.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { readUppermost } from './read-cache.ts';
import { layerRoot, logHint, type RunningBuild } from './running-build.ts';

type LayerArgs = BuildStepArgs['layer'];

const accountFiles = ['passwd', 'group', 'shadow', 'gshadow'] as const;

/** Only root and its group read what holds passwords. */
const modes: Readonly<Record<keyof AccountFiles, number>> = {
  passwd: 0o644,
  group: 0o644,
  shadow: 0o640,
  gshadow: 0o640,
};

/** Written, not made by useradd: no program of the image has to run for it. */
export async function makeAccounts(args: LayerArgs, layers: ImageLayers, build: RunningBuild): Promise<void> {
  if (args.groups.length + args.users.length === 0) return;
  build.progress.detail('accounts');
  const roots = [layers.upper, ...args.parents.toReversed().map((key) => layerRoot(build.stateDir, key))];
  const read = (name: string) => readUppermost(roots, `etc/${name}`);
  const present = {
    passwd: await read('passwd'),
    group: await read('group'),
    shadow: await read('shadow'),
    // Some container images have none.
    gshadow: await read('gshadow').catch(() => ''),
  };
  const plan = planAccounts(args, present, build.registry);
  for (const warning of plan.warnings) build.progress.note(`warning: ${warning}`);
  const staging = path.join(build.workDir, 'accounts');
  await stageAccounts(staging, plan, roots);
  await placeTree(layers, staging, { signal: build.signal, what: `making the accounts of layer ${args.layer}` });
}

async function stageAccounts(staging: string, plan: AccountPlan, roots: readonly string[]): Promise<void> {
  await rm(staging, { recursive: true, force: true });
  await mkdir(path.join(staging, 'etc'), { recursive: true, mode: 0o755 });
  const shadowGroup = Number(/^shadow:[^:]*:(\d+):/m.exec(plan.files.group)?.[1] ?? 0);
  for (const name of accountFiles) {
    const file = path.join(staging, 'etc', name);
    await writeFile(file, plan.files[name]);
    await chmod(file, modes[name]);
    if (name.endsWith('shadow')) await chown(file, 0, shadowGroup);
  }
  for (const home of plan.homes) await stageHome(staging, home, roots);
}

/** A person's with what lies in /etc/skel; one that is there already is left as it is. */
async function stageHome(staging: string, home: AccountPlan['homes'][number], roots: readonly string[]): Promise<void> {
  for (const root of roots) if (await exists(path.join(root, home.path))) return;
  const folder = path.join(staging, home.path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const root of home.isPersons ? roots.toReversed() : []) {
    const skeleton = path.join(root, 'etc/skel');
    if (await exists(skeleton))
      await cp(skeleton, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
  for (const file of await listFiles(folder, [''])) {
    const copied = path.join(folder, file);
    if (!(await lstat(copied)).isSymbolicLink()) await chown(copied, home.uid, home.gid);
  }
  await chmod(folder, 0o700);
  await chown(folder, home.uid, home.gid);
}

export async function runAll(args: LayerArgs, layers: ImageLayers, build: RunningBuild): Promise<void> {
  if (args.run.length === 0) return;
  const folder = args.inputs === undefined ? build.specDir : await stageInputs(args, build);
  for (const program of args.run) {
    build.progress.detail(`running ${program}`);
    const needsNetwork = 'It has no network unless the layer says "network: true".';
    await runProgram(
      layers,
      { folder, path: program },
      {
        signal: build.signal,
        onLine: build.progress.output,
        network: args.network,
        env: { SOURCE_DATE_EPOCH: String(build.lock.epochSeconds) },
        what: `${program} of layer ${args.layer} of ${build.name}`,
        hint: args.network ? logHint(build) : `${logHint(build)} ${needsNetwork}`,
      },
    );
  }
}

/** Programs that name their inputs see nothing else, so that nothing else can change what they do. */
async function stageInputs({ layer, run, inputs = [] }: LayerArgs, build: RunningBuild): Promise<string> {
  const staging = path.join(build.workDir, 'inputs');
  await rm(staging, { recursive: true, force: true });
  for (const name of [...run, ...inputs]) {
    const [from, to] = [path.join(build.specDir, name), path.join(staging, name)];
    const info = await lstat(from).catch(() => undefined);
    if (info === undefined) {
      throw new ConfigError(`layer ${layer} names ${name}, which is not beside image.yaml`, {
        hint: 'Look at "inputs:" and "run:" of that layer.',
      });
    }
    await mkdir(path.dirname(to), { recursive: true });
    if (info.isDirectory()) await cp(from, to, { recursive: true, verbatimSymlinks: true });
    else await copyFile(from, to);
  }
  return staging;
}

async function exists(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined)) !== undefined;
}
