/** Objects of the store that are no longer what they are called: a disk has failed, or somebody has written into a version. */
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { indexTree } from '../host/index-tree.ts';
import { besideSuffix, objectsDir } from '../host/store-objects.ts';
import { isFolder } from '../host/tree.ts';
import { isWhatItIsCalled } from '../plan/store-objects.ts';

/**
 * Reads all of them. Versions keep the files that they have; whoever wants such a content from now on makes it anew.
 * @returns how many were taken out
 */
export async function forgetDamagedObjects(imagesDir: string, signal: AbortSignal): Promise<number> {
  const dir = objectsDir(imagesDir);
  if (!(await isFolder(dir))) return 0;
  let damaged = 0;
  for (const entry of (await indexTree(dir, { signal })).entries) {
    if (entry.kind !== 'file' || entry.path.endsWith(besideSuffix)) continue;
    if (isWhatItIsCalled(entry.path.replace('/', ''), entry)) continue;
    await rm(path.join(dir, entry.path));
    damaged += 1;
  }
  return damaged;
}
