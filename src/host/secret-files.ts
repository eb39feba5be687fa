/** Files that only their owner may read: made once, never half written. */
import { randomBytes } from 'node:crypto';
import { chmod, lchown, link, lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { writeFileAtomically } from './atomic-file.ts';

export const ownerOnly = { folder: 0o700, file: 0o600 } as const;

/** Bits that let group or others do anything. */
const othersMask = 0o077;

/** Makes the folder, or takes it back from others: somebody may have copied it without its modes. */
export async function keepFolderPrivate(folder: string, log: Log): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true, mode: ownerOnly.folder });
    if (made !== undefined) await giveToFolderOwner(folder);
    await keepPrivate(folder, ownerOnly.folder, log);
  } catch (error) {
    throw cannot('keep secrets in', folder, error);
  }
}

/** @returns undefined when there is no such file */
export async function readSecretFile(file: string, log: Log): Promise<Uint8Array | undefined> {
  try {
    await keepPrivate(file, ownerOnly.file, log);
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannot('read', file, error);
  }
}

/** @returns what is in the file afterwards: `content`, or what another process wrote first */
export async function createSecretFile(file: string, content: Uint8Array, log: Log): Promise<Uint8Array> {
  const mine = path.join(path.dirname(file), `.${path.basename(file)}.${uniqueSuffix()}`);
  await writeFileAtomically(mine, content, ownerOnly.file);
  await giveToFolderOwner(mine);
  await nameOnce(mine, file);
  return (await readSecretFile(file, log)) ?? content;
}

/** Gives a finished file its name unless another process was faster; either way there is one, and it stays. */
export async function nameOnce(finished: string, file: string): Promise<void> {
  try {
    await link(finished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannot('write', file, error);
  } finally {
    await rm(finished, { force: true });
  }
}

/**
 * Fills a new folder and gives it its name only when it is complete.
 * When another process was faster, its folder stays and ours is thrown away.
 */
export async function createSecretFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${folder}.${uniqueSuffix()}`;
  try {
    await mkdir(temporary, { recursive: true, mode: ownerOnly.folder });
    await fill(temporary);
    await giveToFolderOwner(temporary);
    for (const name of await readdir(temporary)) await giveToFolderOwner(path.join(temporary, name));
    await sync(temporary);
    await rename(temporary, folder);
    await sync(path.dirname(folder));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Where the service has a user of its own, what root's commands make beside its secrets is that user's, too. */
export async function giveToFolderOwner(place: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(path.dirname(place));
  if (uid !== 0) await lchown(place, uid, gid);
}

/** Of a file that is not yet what it is to become, with the process that makes it. */
export function uniqueSuffix(): string {
  return `${process.pid}-${randomBytes(6).toString('hex')}.new`;
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function keepPrivate(file: string, mode: number, log: Log): Promise<void> {
  const found = await lstat(file);
  if ((found.mode & othersMask) === 0) return;
  await chmod(file, mode);
  log.warn('secrets.were-readable', { file, mode: (found.mode & 0o777).toString(8) });
}

function cannot(what: string, file: string, cause: unknown): HostError {
  return new HostError(`cannot ${what} ${file}`, { cause, hint: 'Look for its owner, its mode and free space there.' });
}
