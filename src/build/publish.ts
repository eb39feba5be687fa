/** The end of a build: refuse secrets and drifting user numbers, describe the version, give it its name. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { makeImageKey } from '../host/image-key.ts';
import { imagesDir, listVersions, publishVersion, takenVersions } from '../host/image-store.ts';
import { indexFileName, writeIndex } from '../host/index-file.ts';
import { sweepObjects } from '../host/store-objects.ts';
import { isFolder } from '../host/tree.ts';
import type { BuildRecord } from '../model/build-record.ts';
import type { BoardName } from '../model/board.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { rootModes, type RootMode } from '../model/root-mode.ts';
import type { BootKernel } from '../plan/boot-layout.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { checkIds, extendRegistry } from '../plan/id-registry.ts';
import { nextVersion } from '../plan/next-version.ts';
import { refuseSecrets } from '../plan/secret-lint.ts';
import { adoptBootFiles } from './adopt-boot-files.ts';
import { finishTree } from './finish-tree.ts';
import { buildPaths, type RunningBuild } from './running-build.ts';
import { scanTree, type TreeSummary } from './scan-tree.ts';

export async function lint({ lookInside }: BuildStepArgs['lint'], build: RunningBuild): Promise<void> {
  const root = path.join(build.torso, 'root');
  const { stateDir, signal } = build;
  const entries = await finishTree({ root, imagesDir: imagesDir(stateDir), placed: build.found.placed, signal });
  const tree = await scanTree(root, entries, lookInside);
  refuseSecrets(build.name, tree.secrets);
  checkIds(build.name, build.registry, tree);
  build.found.tree = tree;
}

export async function publish({ key }: BuildStepArgs['publish'], build: RunningBuild): Promise<void> {
  const { tree, kernels } = build.found;
  if (tree === undefined) throw new Error('lint comes before publish');
  const { parts, details } = build.plan;
  const record: BuildRecord = { format: 1, parts: Object.fromEntries(parts), details: Object.fromEntries(details) };
  await writeFileAtomically(buildPaths(build.stateDir).record(build.name), `${JSON.stringify(record, null, 1)}\n`);
  const { boards, kernel } = build.spec;
  build.found.version = await publishTree({
    ...build,
    boards,
    key,
    kernels,
    kernelArguments: kernel.arguments,
    tree,
    rootModes,
    layers: layersOf(build),
    diskless: build.found.sealed,
  });
}

function layersOf({ plan }: RunningBuild): { name: string; key: string; kind: string }[] {
  return plan.steps.flatMap((step) =>
    'parents' in step ? [{ name: step.name, key: step.key, kind: step.action }] : [],
  );
}

export interface FinishedTree extends Pick<
  RunningBuild,
  'name' | 'stateDir' | 'torso' | 'registry' | 'now' | 'signal'
> {
  readonly boards: readonly BoardName[];
  readonly key: string;
  readonly kernels: readonly Pick<BootKernel, 'release' | 'kernel' | 'initramfs' | 'boards'>[];
  /** Of its image.yaml. */
  readonly kernelArguments?: readonly string[];
  readonly tree: TreeSummary;
  /** That it was made of, the base first; undefined: nobody knows. */
  readonly layers?: ImageManifest['layers'];
  /** undefined: it was not sealed. */
  readonly diskless?: ImageManifest['diskless'];
  /** What the initramfs knows; undefined where it is not ours. */
  readonly rootModes?: readonly RootMode[];
  /** What the newest version is already is not published again. */
  readonly onlyNews?: boolean;
}

const silent = { info: () => undefined, warn: () => undefined };

/** @returns the version's name */
export async function publishTree(finished: FinishedTree): Promise<string> {
  const { name, stateDir, torso, registry, onlyNews = false } = finished;
  const { passwd, group } = finished.tree;
  const [newest] = await listVersions(imagesDir(stateDir), name);
  const manifest = await describeVersion(finished);
  if (onlyNews && newest !== undefined && isSameVersion(newest, manifest)) return newest.version;
  // Numbers are registered first: a version must never be out with numbers that nobody keeps.
  const ids = extendRegistry(registry, passwd, group);
  await writeFileAtomically(buildPaths(stateDir).ids(name), `${JSON.stringify(ids, null, 1)}\n`);
  const key = await makeImageKey(stateDir, silent);
  await publishVersion(torso, manifest, { ...finished, sign: key.sign });
  return manifest.version;
}

function isSameVersion(one: ImageManifest, other: ImageManifest): boolean {
  return one.key === other.key && one.index === other.index && isDeepStrictEqual(one.bootFiles, other.bootFiles);
}

async function describeVersion(finished: FinishedTree): Promise<ImageManifest> {
  const { name, key, boards, kernels, kernelArguments = [], torso, tree } = finished;
  const taken = await takenVersions(imagesDir(finished.stateDir), name);
  const builtAt = finished.now();
  const index = await writeIndex(path.join(torso, indexFileName), { format: 1, entries: [...tree.entries] });
  return {
    format: 1,
    name,
    version: nextVersion(taken, builtAt),
    builtAt: builtAt.toISOString(),
    boards: [...boards],
    key,
    bootFiles: await adoptBootFiles(path.join(torso, 'boot'), imagesDir(finished.stateDir), finished.signal),
    kernels: kernels.map(({ release, kernel, initramfs, boards: own }) => ({
      release,
      kernel,
      initramfs,
      boards: [...own],
    })),
    packages: tree.packages,
    users: tree.users,
    groups: tree.groups,
    folderLinks: tree.folderLinks,
    ...(finished.rootModes !== undefined && { rootModes: [...finished.rootModes] }),
    ...(kernelArguments.length > 0 && { kernelArguments: [...kernelArguments] }),
    rootBytes: tree.rootBytes,
    rootFiles: tree.rootFiles,
    index,
    ...(finished.layers !== undefined && { layers: finished.layers }),
    ...(finished.diskless !== undefined && { diskless: finished.diskless }),
  };
}

/** What did not become a version goes with its files, also those that are the store's objects: a full disk has room again. */
export async function discardTorso(torso: string): Promise<void> {
  const isLeft = await isFolder(torso);
  await rm(torso, { recursive: true, force: true });
  if (isLeft) sweepObjects(path.resolve(torso, '../..'), { dryRun: false });
}
