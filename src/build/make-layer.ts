/** Makes one layer: the base with mmdebstrap or from an image, each later one as the changes that it makes on top. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { copyTree, removePackages, type ImageLayers } from '../host/chroot.ts';
import { indexPath, makeArchive } from '../host/deb-store.ts';
import { setUnits } from '../host/layer-edit.ts';
import { run } from '../host/process.ts';
import type { LayerRecord } from '../model/build-record.ts';
import { ConfigError } from '../model/errors.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import { contentKey } from '../plan/build-layers.ts';
import { renderImageSources } from '../plan/build-sources.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { parseIds, renderSeeds } from '../plan/id-registry.ts';
import { layerContent } from '../plan/layer-content.ts';
import { updatesLayer } from '../plan/layer-pieces.ts';
import { lockedSuite, renderPackagesIndex, renderRelease } from '../plan/package-lock.ts';
import { indexLayer } from './index-layer.ts';
import { installBase, installOnTop } from './install-packages.ts';
import { makeAccounts, runAll } from './layer-programs.ts';
import { readUppermost } from './read-cache.ts';
import { readContents } from './read-contents.ts';
import { buildPaths, layerRoot, logHint, type BuildRequest, type RunningBuild } from './running-build.ts';
import { unpackBase } from './unpack-base.ts';

type BootstrapArgs = BuildStepArgs['bootstrap'];
type UnpackArgs = BuildStepArgs['unpack'];
type LayerArgs = BuildStepArgs['layer'];

export async function makeBase(args: BootstrapArgs, build: RunningBuild): Promise<void> {
  const place = await beginLayer(build, args.packages);
  const target = path.join(place.dir, 'root');
  await installBase({ packages: args.packages, ...place }, target, build);
  await writeFile(path.join(target, 'etc/apt/sources.list.d/debian.sources'), renderImageSources(build.lock.sources));
  await keepLayer(args, place.dir, build);
}

/** A base that is not made of packages. */
export async function unpackLayer(args: UnpackArgs, build: KeptIn & BuildRequest): Promise<void> {
  const dir = path.join(build.workDir, 'layer');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const place = { target: path.join(dir, 'root'), workDir: path.join(build.workDir, 'unpack') };
  await unpackBase(args.base, place, { ...build, locked: args.base });
  await keepLayer(args, dir, build);
}

export async function makeLayer(args: LayerArgs, build: RunningBuild): Promise<void> {
  const place = await beginLayer(build, args.packages);
  const lowers = args.parents.map((key) => layerRoot(build.stateDir, key));
  const layers = { lowers, upper: path.join(place.dir, 'root'), scratch: path.join(build.workDir, 'chroot') };
  await mkdir(layers.upper, { recursive: true, mode: 0o755 });
  refuseTooMany(lowers, build.name);
  // A package goes before another takes its place, but an old kernel after the new one is there.
  const goesFirst = args.layer !== updatesLayer;
  if (goesFirst) await removeLayer(args, layers, build);
  if (args.packages.length > 0) {
    const what = `installing the packages of layer ${args.layer} of ${build.name}`;
    await installOnTop({ packages: args.packages, ...place }, { layers, what }, build);
  }
  if (!goesFirst) await removeLayer(args, layers, build);
  await makeAccounts(args, layers, build);
  await runAll(args, layers, build);
  if (args.files !== undefined) {
    build.progress.detail(`copying ${args.files}`);
    const folder = path.join(build.specDir, args.files);
    await copyTree(layers, folder, { signal: build.signal, what: `copying ${args.files} of layer ${args.layer}` });
  }
  if (Object.values(args.units).some((names) => names.length > 0)) {
    const what = `setting the units of layer ${args.layer} of ${build.name}`;
    await setUnits(layers, args.units, { signal: build.signal, onLine: build.progress.output, what });
  }
  await keepLayer(args, place.dir, build);
}

/** mount(2) takes one page of options. */
const longestLowers = 3600;

function refuseTooMany(lowers: readonly string[], image: string): void {
  if (lowers.join(':').length <= longestLowers) return;
  throw new ConfigError(`${image} has more layers than can be mounted at once: ${lowers.length}`, {
    hint: 'Join some in image.yaml. One with packages, programs and files counts as three.',
  });
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

async function removeLayer({ layer, removes }: LayerArgs, layers: ImageLayers, build: RunningBuild): Promise<void> {
  if (removes.length === 0) return;
  build.progress.detail(`removing ${removes.join(' ')}`);
  await removePackages(layers, removes, {
    signal: build.signal,
    onLine: build.progress.output,
    env: { SOURCE_DATE_EPOCH: String(build.lock.epochSeconds) },
    what: `removing packages of layer ${layer} of ${build.name}`,
    hint: logHint(build),
  });
}

interface KeptIn extends Pick<RunningBuild, 'stateDir' | 'workDir' | 'progress' | 'signal'> {
  readonly lock: Pick<RunningBuild['lock'], 'epochSeconds'>;
}

/** A layer is complete when it has its name: its files reach the disk before that. */
async function keepLayer(args: BootstrapArgs | UnpackArgs | LayerArgs, dir: string, build: KeptIn): Promise<void> {
  const roots = [path.join(dir, 'root'), ...args.parents.toReversed().map((key) => layerRoot(build.stateDir, key))];
  const ids = parseIds(await readUppermost(roots, 'etc/passwd'), await readUppermost(roots, 'etc/group'));
  build.progress.detail('reading what it holds');
  const { index, digest } = await indexLayer(dir, build);
  const content = layerContent(index);
  const below = await readContents(args.parents, build);
  const record: LayerRecord = {
    format: 1,
    wanted: args.wanted,
    parts: args.parts,
    content,
    index: digest,
    contentKey: contentKey(args.parts, below),
    ...ids,
  };
  await writeFile(path.join(dir, 'layer.json'), `${JSON.stringify(record, null, 1)}\n`);
  build.progress.detail('writing to disk');
  await run(['sync', '--file-system', dir], { signal: build.signal });
  const target = path.join(buildPaths(build.stateDir).layers, args.key);
  await mkdir(path.dirname(target), { recursive: true });
  await rename(dir, target);
}
