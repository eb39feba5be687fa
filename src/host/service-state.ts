/** The state directory of a service that is not root: what is its own is given to it, what is root's is there before it could make it. */
import { constants, type Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What the service writes itself. Root's commands may have made some of it while it did not run. */
const ofService = [
  'boot',
  'eeprom',
  'secrets',
  'lock',
  'state.db',
  'state.db-wal',
  'state.db-shm',
  'state.json',
  'boots.json',
] as const;

/** Written by builds, imports and the helper alone; a folder of this name that is not root's stops the start. */
export const rootsFolders = [
  'apt',
  'boot-cache',
  'builds',
  'debs',
  'exports',
  'handover',
  'ids',
  'image-keys',
  'layers',
  'locks',
  'native',
  'nfs',
  'persistent',
  'sources',
] as const;

/** Each may be done again at any time. @throws HostError when a name is taken by what should not be there */
export async function prepareServiceState(stateDir: string, account: Account): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o755 });
  for (const name of rootsFolders) await keepRoots(path.join(stateDir, name));
  // The service lists the trees of nodes; nobody else is to look into them.
  const persistent = path.join(stateDir, 'persistent');
  await chown(persistent, 0, account.gid);
  await chmod(persistent, 0o750);
  await chown(stateDir, account.uid, account.gid);
  for (const name of ofService) await give(path.join(stateDir, name), account);
}

async function keepRoots(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(folder);
  if (found.uid === 0) return;
  throw new HostError(`${folder} belongs to another user than root`, { hint: 'Look at it, and move it away.' });
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Folders and files alone, each through the handle by which it was looked at: no link that the service makes leads the
 * change elsewhere, nor does a second name of another's file. What is neither stays as it is.
 */
async function give(place: string, account: Account): Promise<void> {
  const handle = await openAsItIs(place);
  if (handle === undefined) return;
  try {
    const found = await handle.stat();
    if (!isOrdinary(found)) return;
    if (found.uid !== account.uid || found.gid !== account.gid) await handle.chown(account.uid, account.gid);
    if (found.isDirectory()) for (const name of await namesIn(handle)) await give(below(handle, name), account);
  } finally {
    await handle.close();
  }
}

async function openAsItIs(place: string): Promise<FileHandle | undefined> {
  try {
    return await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    // Missing, a link, a socket.
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new HostError(`cannot give ${place} to the service`, { cause: error });
  }
}

const isOrdinary = (found: Stats) => found.isDirectory() || (found.isFile() && found.nlink === 1);

/** proc(5): the folder that is open, whatever its path leads to by now. */
const below = (handle: FileHandle, name: string) => `/proc/self/fd/${handle.fd}/${name}`;

const namesIn = (handle: FileHandle): Promise<string[]> => readdir(`/proc/self/fd/${handle.fd}`);
