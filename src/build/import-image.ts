/** Publishes a root and boot files that were made elsewhere. Their bytes are kept; secrets are refused as in any image. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { beginVersion, imagesDir } from '../host/image-store.ts';
import { run } from '../host/process.ts';
import { isFolder, listFiles } from '../host/tree.ts';
import { claimWorkDir } from '../host/work-dir.ts';
import type { BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import { planImport } from '../plan/boot-layout-import.ts';
import { cacheKey } from '../plan/cache-key.ts';
import { checkIds } from '../plan/id-registry.ts';
import { foldersWithKeys, refuseSecrets } from '../plan/secret-lint.ts';
import { requireRoot, requireStateDir } from './check-machine.ts';
import { explainDisk, type DiskNeed } from './disk-error.ts';
import { sizeOfSource } from './disk-need.ts';
import type { BuildProgress } from './progress.ts';
import { finishTree } from './finish-tree.ts';
import { discardTorso, publishTree } from './publish.ts';
import { readRegistry } from './read-cache.ts';
import { scanTree } from './scan-tree.ts';

export interface ImportRequest {
  readonly name: string;
  /** A folder, or a tar file (compressed or not) with numeric owners. */
  readonly root: string;
  readonly boot: string;
  readonly boards: readonly BoardName[];
  readonly stateDir: string;
  readonly now: () => Date;
  readonly progress: BuildProgress;
  readonly signal: AbortSignal;
}

/** @returns the version's name */
export async function importImage(request: ImportRequest): Promise<string> {
  requireRoot('importing an image');
  requireStateDir(request.stateDir);
  const need = async () => ({ exportsBytes: await sizeOfSource(request.root, request.signal) });
  return explainDisk(request.stateDir, importClaimed(request, need), need);
}

async function importClaimed(request: ImportRequest, need: () => Promise<DiskNeed>): Promise<string> {
  const work = await claimWorkDir(request.stateDir);
  try {
    const torso = await beginVersion(imagesDir(request.stateDir), request.name);
    try {
      // Before it is removed: then there would be room.
      return await explainDisk(request.stateDir, importInto(torso, request), need);
    } finally {
      await discardTorso(torso);
    }
  } finally {
    await work.release();
  }
}

async function importInto(torso: string, request: ImportRequest): Promise<string> {
  const { name, boards, stateDir, now, progress, signal } = request;
  const root = path.join(torso, 'root');
  progress.step({ index: 1, total: 3, title: `copy ${request.root}` });
  await copyRoot(request.root, root, signal);
  await copyBoot(request.boot, path.join(torso, 'boot'), signal);
  const bootFiles = await listFiles(path.join(torso, 'boot'), ['']);
  const kernels = planImport(bootFiles, await moduleReleases(root), boards);
  progress.step({ index: 2, total: 3, title: 'look for secrets' });
  const entries = await finishTree({ root, imagesDir: imagesDir(stateDir), placed: new Map(), signal });
  const tree = await scanTree(root, entries, foldersWithKeys);
  refuseSecrets(name, tree.secrets);
  const registry = await readRegistry(stateDir, name);
  checkIds(name, registry, tree);
  progress.step({ index: 3, total: 3, title: 'publish' });
  // Nobody knows what went into it, so no other version has the same key.
  const { key } = cacheKey({ step: 'import', name, at: now().toISOString() });
  return publishTree({ name, stateDir, torso, registry, now, signal, boards, key, kernels, tree });
}

async function copyRoot(source: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  if (await isFolder(source)) {
    await run(['cp', '-a', '--reflink=auto', '--', `${source}/.`, target], { signal, endsWithUs: true });
  } else if ((await stat(source).catch(() => undefined))?.isFile() === true) {
    const keep = ['--numeric-owner', '--same-owner', '--preserve-permissions', '--xattrs', '--xattrs-include=*'];
    await run(['tar', '--extract', ...keep, '--file', source, '--directory', target], { signal, endsWithUs: true });
  } else {
    throw new ConfigError(`there is no root at ${source}`, { hint: 'Give --root a folder or a tar file.' });
  }
  for (const needed of ['etc/passwd', 'usr']) {
    if ((await stat(path.join(target, needed)).catch(() => undefined)) !== undefined) continue;
    throw new ConfigError(`${source} is not the root of a system: it has no /${needed}`, {
      hint: 'Its top folder must be the root itself, with etc, usr and var in it.',
    });
  }
}

/** Links are followed: TFTP serves files. */
async function copyBoot(source: string, target: string, signal: AbortSignal): Promise<void> {
  if (!(await isFolder(source))) {
    throw new ConfigError(`there is no folder ${source}`, {
      hint: 'Give --boot the folder with kernel8.img and initramfs8.',
    });
  }
  await mkdir(target, { mode: 0o755 });
  await run(['cp', '--recursive', '--dereference', '--', `${source}/.`, target], { signal, endsWithUs: true });
}

async function moduleReleases(root: string): Promise<string[]> {
  return (await readdir(path.join(root, 'usr/lib/modules')).catch((): string[] => [])).toSorted();
}
