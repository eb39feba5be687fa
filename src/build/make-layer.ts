/** Makes one layer: the base with mmdebstrap, each later one as the changes that packages, files and programs make on top. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { writeChrootAptConfig } from '../host/apt.ts';
import { chrootOf, copyTree, installPackages, runProgram, type ImageLayers } from '../host/chroot.ts';
import { indexPath, makeArchive } from '../host/deb-store.ts';
import { bootstrapImage } from '../host/mmdebstrap.ts';
import { run } from '../host/process.ts';
import type { LayerRecord } from '../model/build-record.ts';
import { HostError } from '../model/errors.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import { renderImageSources } from '../plan/build-sources.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { parseIds, renderSeeds } from '../plan/id-registry.ts';
import { lockedSuite, renderPackagesIndex, renderRelease } from '../plan/package-lock.ts';
import { PackageProgress } from './progress.ts';
import { buildPaths, layerRoot, type RunningBuild } from './running-build.ts';

type BootstrapArgs = BuildStepArgs['bootstrap'];
type LayerArgs = BuildStepArgs['layer'];

export async function makeBase(args: BootstrapArgs, build: RunningBuild): Promise<void> {
  const place = await beginLayer(build, args.packages);
  const target = path.join(place.dir, 'root');
  const packages = new PackageProgress(args.packages.length, build.progress);
  const work = bootstrapImage(
    {
      archive: place.archive,
      suite: lockedSuite,
      packages: args.packages.map(pinned),
      ids: place.ids,
      target,
      epochSeconds: build.lock.epochSeconds,
    },
    { signal: build.signal, onLine: packages.onLine, what: `making the base of ${build.name}`, hint: logHint(build) },
  );
  await packages.explain(work);
  await writeFile(path.join(target, 'etc/apt/sources.list.d/debian.sources'), renderImageSources(build.lock.sources));
  await keepLayer(args, place.dir, build);
}

export async function makeLayer(args: LayerArgs, build: RunningBuild): Promise<void> {
  const place = await beginLayer(build, args.packages);
  const lowers = args.parents.map((key) => layerRoot(build.stateDir, key));
  const layers = { lowers, upper: path.join(place.dir, 'root'), scratch: path.join(build.workDir, 'chroot') };
  await mkdir(layers.upper, { recursive: true, mode: 0o755 });
  if (args.packages.length > 0) await installLayer(args, { layers, ...place }, build);
  if (args.files !== undefined) {
    build.progress.detail(`copying ${args.files}`);
    const folder = path.join(build.specDir, args.files);
    await copyTree(layers, folder, { signal: build.signal, what: `copying ${args.files} of layer ${args.name}` });
  }
  for (const program of args.run) await runOne(program, args, layers, build);
  await keepLayer(args, place.dir, build);
}

interface LayerPlace {
  readonly dir: string;
  /** Local archive with the layer's packages. */
  readonly archive: string;
  /** Lines of passwd and group that must be there before packages are configured. */
  readonly ids: string;
}

async function beginLayer(build: RunningBuild, packages: readonly LockedPackage[]): Promise<LayerPlace> {
  const place = {
    dir: path.join(build.workDir, 'layer'),
    archive: path.join(build.workDir, 'archive'),
    ids: path.join(build.workDir, 'ids'),
  };
  for (const folder of Object.values(place)) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  const packagesIndex = renderPackagesIndex(packages);
  const release = renderRelease(packagesIndex, indexPath, build.lock.epochSeconds);
  const files = { suite: lockedSuite, packagesIndex, release };
  build.progress.detail('checking the packages');
  await makeArchive(place.archive, buildPaths(build.stateDir).debs, packages, files);
  const seeds = renderSeeds(build.registry);
  for (const [name, text] of Object.entries(seeds)) await writeFile(path.join(place.ids, name), text);
  return place;
}

async function installLayer(
  { name, packages }: LayerArgs,
  place: LayerPlace & { layers: ImageLayers },
  build: RunningBuild,
): Promise<void> {
  const aptConfig = await writeChrootAptConfig({
    dir: path.join(build.workDir, 'apt'),
    root: chrootOf(place.layers),
    archive: place.archive,
    suite: lockedSuite,
  });
  const following = new PackageProgress(packages.length, build.progress);
  const work = installPackages(place.layers, packages.map(pinned), {
    signal: build.signal,
    onLine: following.onLine,
    debs: path.join(place.archive, 'archives'),
    ids: place.ids,
    aptConfig,
    env: { SOURCE_DATE_EPOCH: String(build.lock.epochSeconds) },
    what: `installing the packages of layer ${name} of ${build.name}`,
    hint: logHint(build),
  });
  await following.explain(work);
}

async function runOne(program: string, args: LayerArgs, layers: ImageLayers, build: RunningBuild): Promise<void> {
  build.progress.detail(`running ${program}`);
  await runProgram(
    layers,
    { folder: build.specDir, path: program },
    {
      signal: build.signal,
      onLine: build.progress.output,
      network: args.network,
      env: { SOURCE_DATE_EPOCH: String(build.lock.epochSeconds) },
      what: `${program} of layer ${args.name} of ${build.name}`,
      hint: args.network
        ? logHint(build)
        : `${logHint(build)} It has no network unless the layer says "network: true".`,
    },
  );
}

function pinned({ name, version }: LockedPackage): string {
  return `${name}=${version}`;
}

function logHint(build: RunningBuild): string {
  return `The whole output is in ${buildPaths(build.stateDir).log(build.name)}.`;
}

/** A layer is complete when it has its name: its files reach the disk before that. */
async function keepLayer(args: BootstrapArgs | LayerArgs, dir: string, build: RunningBuild): Promise<void> {
  const roots = [path.join(dir, 'root'), ...args.parents.toReversed().map((key) => layerRoot(build.stateDir, key))];
  const ids = parseIds(await readUppermost(roots, 'etc/passwd'), await readUppermost(roots, 'etc/group'));
  const record: LayerRecord = { format: 1, wanted: args.wanted, parts: args.parts, ...ids };
  await writeFile(path.join(dir, 'layer.json'), `${JSON.stringify(record, null, 1)}\n`);
  build.progress.detail('writing to disk');
  await run(['sync', '--file-system', dir], { signal: build.signal });
  const target = path.join(buildPaths(build.stateDir).layers, args.key);
  await mkdir(path.dirname(target), { recursive: true });
  await rename(dir, target);
}

/** @param roots the uppermost layer first */
async function readUppermost(roots: readonly string[], file: string): Promise<string> {
  for (const root of roots) {
    const text = await readFile(path.join(root, file), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new HostError(`the image has no /${file}`, { hint: 'Its base needs the packages base-files and base-passwd.' });
}
