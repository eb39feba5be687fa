/** The end of a build: refuse secrets and drifting user numbers, describe the version, give it its name. */
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { sha256OfFile } from '../host/deb-store.ts';
import { imagesDir, listVersions, nextVersion, publishVersion } from '../host/image-store.ts';
import { walkTree } from '../host/tree.ts';
import type { BuildRecord } from '../model/build-record.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { checkIds, extendRegistry } from '../plan/id-registry.ts';
import { refuseSecrets } from '../plan/secret-lint.ts';
import { buildPaths, type RunningBuild } from './running-build.ts';
import { scanTree } from './scan-tree.ts';

export async function lint({ lookInside }: BuildStepArgs['lint'], build: RunningBuild): Promise<void> {
  const tree = await scanTree(path.join(build.torso, 'root'), lookInside, build.signal);
  refuseSecrets(build.name, tree.secrets);
  checkIds(build.name, build.registry, tree);
  build.found.tree = tree;
}

export async function publish({ key }: BuildStepArgs['publish'], build: RunningBuild): Promise<void> {
  const { name, spec, stateDir, found, torso, now } = build;
  const { tree } = found;
  if (tree === undefined) throw new Error('lint comes before publish');
  const { secrets: _none, passwd, group, ...summary } = tree;
  const existing = await listVersions(imagesDir(stateDir), name);
  const builtAt = now();
  const manifest: ImageManifest = {
    format: 1,
    name,
    version: nextVersion(
      existing.map(({ version }) => version),
      builtAt,
    ),
    builtAt: builtAt.toISOString(),
    boards: spec.boards,
    key,
    bootFiles: await describeBootFiles(path.join(torso, 'boot')),
    kernels: found.kernels.map(({ release, kernel, initramfs, boards }) => ({
      release,
      kernel,
      initramfs,
      boards: [...boards],
    })),
    ...summary,
  };
  const paths = buildPaths(stateDir);
  // Numbers are registered first: a version must never be out with numbers that nobody keeps.
  const registry = extendRegistry(build.registry, passwd, group);
  await writeFileAtomically(paths.ids(name), `${JSON.stringify(registry, null, 1)}\n`);
  const record: BuildRecord = { format: 1, parts: Object.fromEntries(build.plan.parts) };
  await writeFileAtomically(paths.record(name), `${JSON.stringify(record, null, 1)}\n`);
  await publishVersion(torso, manifest, build.signal);
  found.version = manifest.version;
}

export async function describeBootFiles(boot: string): Promise<ImageManifest['bootFiles']> {
  const files: Record<string, { sha256: string; sizeBytes: number }> = {};
  for await (const entry of walkTree(boot)) {
    if (entry.kind !== 'file') continue;
    files[entry.path] = { sha256: await sha256OfFile(path.join(boot, entry.path)), sizeBytes: entry.sizeBytes };
  }
  return files;
}

export async function discardTorso(torso: string): Promise<void> {
  await rm(torso, { recursive: true, force: true });
}
