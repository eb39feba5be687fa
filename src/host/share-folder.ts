/** Makes a share's top folder when it is missing, and gives it to its owner. What lies in it is never touched. */
import { chown, mkdir, stat } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';

export async function ensureShareFolder(
  folder: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    if (owner === undefined) return;
    const { uid, gid } = await stat(folder);
    if (uid !== owner.uid || gid !== owner.gid) await chown(folder, owner.uid, owner.gid);
  } catch (error) {
    throw new HostError(`cannot make the folder ${folder} of a share`, {
      cause: error,
      hint: 'Run pi-image as root, or change the path under shares: in cluster.yaml.',
    });
  }
}
