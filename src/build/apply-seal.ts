/** Applies the seal rules to a flattened root. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import {
  clampTimes,
  emptyFile,
  isFolder,
  linkInTree,
  markUpdated,
  placeInTree,
  walkTree,
  writeTreeFile,
} from '../host/tree.ts';
import { unreachable } from '../model/errors.ts';
import { renderImageSources } from '../plan/build-sources.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { matchesGlob, sealRules, type SealAction } from '../plan/seal.ts';
import type { RunningBuild } from './running-build.ts';

interface SealedTree extends Pick<RunningBuild, 'torso' | 'progress' | 'signal'> {
  readonly lock: Pick<RunningBuild['lock'], 'epochSeconds'>;
}

export async function seal({ sources, enabled }: BuildStepArgs['seal'], build: SealedTree): Promise<void> {
  const root = path.join(build.torso, 'root');
  for (const { id, action } of sealRules) {
    build.progress.detail(id);
    await applyRule(root, sparing(action, enabled));
  }
  if (sources.length > 0) {
    await writeTreeFile(root, 'etc/apt/sources.list.d/debian.sources', renderImageSources(sources), 0o644);
  }
  await clampTimes(root, build.lock.epochSeconds, build.signal);
  // After everything else: it takes the time that /usr has in the end.
  await markUpdated(root);
}

/** What image.yaml enables is not masked. */
function sparing(action: SealAction, enabled: readonly string[]): SealAction {
  if (action.kind !== 'mask') return action;
  return { ...action, units: action.units.filter((unit) => !enabled.includes(unit)) };
}

export async function applyRule(root: string, action: SealAction): Promise<void> {
  switch (action.kind) {
    case 'remove':
      for (const glob of action.globs) await removeMatching(root, glob);
      return;
    case 'empty':
      for (const folder of action.folders) await emptyFolder(root, folder);
      return;
    case 'empty-files-below':
      return emptyFilesBelow(root, action.folder);
    case 'write':
      return writeTreeFile(root, action.path, action.content, action.mode);
    case 'link':
      if (action.onlyIfFolder !== undefined && !(await isFolder(path.join(root, action.onlyIfFolder)))) return;
      return linkInTree(root, action.path, action.target);
    case 'mask':
      for (const unit of action.units) await maskUnit(root, unit);
      return;
    default:
      return unreachable(action);
  }
}

/** A glob has its `*` in the last part only. */
async function removeMatching(root: string, glob: string): Promise<void> {
  const folder = path.dirname(glob);
  if (!(await isFolder(path.join(root, folder)))) return;
  for (const name of await readdir(path.join(root, folder))) {
    const relative = path.join(folder, name);
    if (matchesGlob(relative, glob)) await rm(await placeInTree(root, relative), { recursive: true, force: true });
  }
}

async function emptyFolder(root: string, folder: string): Promise<void> {
  if (!(await isFolder(path.join(root, folder)))) return;
  for (const name of await readdir(path.join(root, folder))) {
    await rm(await placeInTree(root, path.join(folder, name)), { recursive: true, force: true });
  }
}

async function emptyFilesBelow(root: string, folder: string): Promise<void> {
  if (!(await isFolder(path.join(root, folder)))) return;
  for await (const entry of walkTree(root, folder)) if (entry.kind === 'file') await emptyFile(root, entry.path);
}

const unitFolders = ['etc/systemd/system', 'usr/lib/systemd/system', 'usr/local/lib/systemd/system'] as const;

async function maskUnit(root: string, unit: string): Promise<void> {
  for (const folder of unitFolders) {
    const names = await readdir(path.join(root, folder)).catch((): string[] => []);
    if (names.includes(unit)) return linkInTree(root, `etc/systemd/system/${unit}`, '/dev/null');
  }
}
