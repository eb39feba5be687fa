/** Makes a share's top folder when it is missing, and gives it to its owner. What lies in it is never touched. */
import { chown, mkdir, stat } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import { outsideOurUnit } from './outside-unit.ts';
import { run } from './process.ts';

const chownTimeoutMs = 10_000;

export async function ensureShareFolder(
  folder: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    if (owner === undefined) return;
    const { uid, gid } = await stat(folder);
    if (uid !== owner.uid || gid !== owner.gid) await giveTo(folder, owner);
  } catch (error) {
    throw new HostError(`cannot make the folder ${folder} of a share`, {
      cause: error,
      hint: 'Run pi-image as root, or change the path under shares: in cluster.yaml.',
    });
  }
}

async function giveTo(folder: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
  try {
    await chown(folder, uid, gid);
  } catch (error) {
    const outside = (error as NodeJS.ErrnoException).code === 'EPERM' ? await outsideOurUnit() : undefined;
    if (outside === undefined) throw error;
    const argv = [...outside, 'chown', '--no-dereference', `${uid}:${gid}`, '--', folder] as const;
    await run(argv, { signal: AbortSignal.timeout(chownTimeoutMs) });
  }
}
