/** What processes that are gone have left in the making. Whose it was stands in its name. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { ifNoPlace } from './missing.ts';
import { startTimeOf } from './start-time.ts';

/** The number of the process in names of what is not finished, or is being removed. */
const forms = [
  // Folders of builds, of squashfs files, and of whatever is out of sight before it is removed.
  /^build\.(?:dead-)?(\d+)$/,
  /^\.(?:tmp|dead)-(\d+)-/,
  // Files that are written beside and renamed; sets of files.
  /^\..+\.(\d+)\.tmp$/,
  /\.(\d+)(?:-[0-9a-f]{12})?\.new$/,
];

/** @param of what else counts as gone: a number that this process has got from a dead one, where it makes nothing itself */
export async function sweepUnfinished(folder: string, of?: { readonly isOursToo: boolean }): Promise<void> {
  const names = await readdir(folder).catch(ifNoPlace([]));
  for (const name of names) {
    const pid = forms.map((form) => form.exec(name)?.[1]).find((found) => found !== undefined);
    if (pid === undefined || (await isAtWork(Number(pid), of?.isOursToo === true))) continue;
    await removeDead(path.join(folder, name));
  }
}

/** A program of the dead process may still put something there: then it goes the next time. */
export async function removeDead(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY') throw error;
  });
}

async function isAtWork(pid: number, isOursToo: boolean): Promise<boolean> {
  if (pid === process.pid) return !isOursToo;
  return (await startTimeOf(pid)) !== undefined;
}

/** Folders of the state directory whose files are made by builds and clean-ups; in those of `below`, one level further down. */
const ofBuilds = {
  here: ['.', 'boot-cache', 'builds', 'ids', 'image-keys', 'layers', 'locks', 'native', 'sources'],
  below: ['apt', 'exports/squash', 'layers', 'secrets'],
} as const;

export async function sweepState(stateDir: string): Promise<void> {
  for (const name of ofBuilds.here) await sweepUnfinished(path.join(stateDir, name));
  for (const name of ofBuilds.below) {
    // A link may lead anywhere: some of these folders are the service's, which need not be root.
    const entries = await readdir(path.join(stateDir, name), { withFileTypes: true }).catch(ifNoPlace([]));
    for (const inner of entries.filter((entry) => entry.isDirectory())) {
      await sweepUnfinished(path.join(stateDir, name, inner.name));
    }
  }
}
