/** Takes away what nobody sees: versions that were never named or were removed, and objects that no version has. */
import { open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';

import { sweepObjects, type SweptObjects } from './store-objects.ts';
import { ifMissing, ifNoPlace } from './missing.ts';

/** What has not been named yet; nobody is shown it. */
export const torsoPrefix = '.tmp-';

/** For whoever is alone with the store: of a build that runs it would take the torso away. */
export async function sweepStore(imagesDir: string): Promise<SweptObjects> {
  for (const image of await namesIn(imagesDir)) {
    if (image.startsWith('.')) continue;
    const torsos = (await namesIn(path.join(imagesDir, image))).filter((name) => name.startsWith(torsoPrefix));
    for (const name of torsos) await rm(path.join(imagesDir, image, name), { recursive: true, force: true });
  }
  // After the torsos: their objects may never have reached the disk, and are trusted by nobody from now on.
  return sweepObjects(imagesDir, { dryRun: false });
}

/**
 * Out of sight whole and at once, then removed: a kill in between leaves what the next sweep takes. It stays in its folder:
 * another one would need room, which a full disk has not.
 */
export async function removeVersion(imagesDir: string, version: { name: string; version: string }): Promise<void> {
  const folder = path.join(imagesDir, version.name);
  const gone = path.join(folder, `${torsoPrefix}gone-${version.version}`);
  await rm(gone, { recursive: true, force: true });
  await rename(path.join(folder, version.version), gone);
  await syncFolder(folder);
  await rm(gone, { recursive: true, force: true });
  await rmdir(folder).catch(ifInUse);
}

/** Is there anything that a sweep would take? Asked without being alone. */
export async function hasLeftovers(imagesDir: string): Promise<boolean> {
  for (const image of await namesIn(imagesDir)) {
    const names = image.startsWith('.') ? [] : await namesIn(path.join(imagesDir, image));
    if (names.some((name) => name.startsWith(torsoPrefix))) return true;
  }
  return false;
}

/** For folders of caches, where a name is all that counts. One that is not there is gone already. */
export async function removeFolder(folder: string): Promise<void> {
  const gone = path.join(path.dirname(folder), `${torsoPrefix}${process.pid}-gone-${path.basename(folder)}`);
  await rm(gone, { recursive: true, force: true });
  await rename(folder, gone).catch(ifMissing(undefined));
  await rm(gone, { recursive: true, force: true });
}

export async function sweepGone(folder: string): Promise<void> {
  const gone = (await namesIn(folder)).filter((name) => name.startsWith(torsoPrefix));
  for (const name of gone) await rm(path.join(folder, name), { recursive: true, force: true });
}

function ifInUse(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(ifNoPlace([]));

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
