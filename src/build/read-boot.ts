/** All that lies in the boot folder of a version, as it lies there: links are not followed. */
import path from 'node:path';

import { sha256OfPlace } from '../host/index-tree.ts';
import { infoOf, kindOf, walkTree } from '../host/tree.ts';
import type { BootEntry } from '../plan/verify-boot.ts';

/** @param folder of the version */
export async function readBoot(folder: string): Promise<BootEntry[]> {
  const boot = describeEntry(folder, 'boot');
  if (boot?.kind !== 'folder') return boot === undefined ? [] : [boot];
  const found = [boot];
  for await (const { path: name } of walkTree(folder, 'boot')) {
    const entry = describeEntry(folder, name);
    if (entry !== undefined) found.push(entry);
  }
  return found;
}

function describeEntry(folder: string, name: string): BootEntry | undefined {
  const place = path.join(folder, name);
  const info = infoOf(place);
  if (info === undefined) return undefined;
  const { mode, uid, gid } = info;
  const kind = kindOf(info);
  return { path: name, kind, mode, uid, gid, ...(kind === 'file' && { sha256: sha256OfPlace(place) }) };
}
