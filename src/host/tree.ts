/** Reads and changes a tree of files that belongs to an image, never following its symbolic links out of it. */
import { closeSync, lstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rm, stat, symlink, utimes, writeFile, chmod, chown } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { run } from './process.ts';

export interface TreeEntry {
  /** Relative to the root, no leading slash. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly sizeBytes: number;
  /** Files with several names count once. */
  readonly inode: number;
  readonly linkCount: number;
}

/** Everything below `root`, folders before what is in them. */
export async function* walkTree(root: string, below = ''): AsyncGenerator<TreeEntry> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const relative = path.join(below, entry.name);
    const info = await lstat(path.join(root, relative));
    yield { path: relative, kind: kindOf(entry), sizeBytes: info.size, inode: info.ino, linkCount: info.nlink };
    if (entry.isDirectory()) yield* walkTree(root, relative);
  }
}

export function kindOf(entry: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): TreeEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** Of the entry itself, not of what a link leads to. undefined: there is none, or a file where the path wants a folder. */
export function infoOf(place: string): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Paths of files and links below some folders of `root`; folders that do not exist have none. */
export async function listFiles(root: string, folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    if (!(await isFolder(path.join(root, folder)))) continue;
    for await (const entry of walkTree(root, folder)) if (entry.kind !== 'folder') found.push(entry.path);
  }
  return found;
}

/** Does a link of the tree lead to a folder of the tree? Absolute targets start at the tree's root. Synchronous: there are thousands. */
export function leadsToFolder(root: string, link: string, target: string): boolean {
  const absolute = target.startsWith('/') ? path.join(root, target) : path.resolve(root, path.dirname(link), target);
  if (absolute !== root && !absolute.startsWith(`${root}/`)) return false;
  try {
    return statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // In a circle, or through a file.
    return false;
  }
}

export async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isDirectory() === true;
}

/** @returns the first bytes as text */
export function readHead(file: string, bytes: number): string {
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.toString('latin1', 0, readSync(handle, buffer, 0, bytes, 0));
  } finally {
    closeSync(handle);
  }
}

/** Where a path of the tree really lies; refuses one that a link leads out of the tree. */
export async function placeInTree(root: string, relative: string): Promise<string> {
  const base = await realpath(root);
  const folder = await realpath(path.join(base, path.dirname(relative)));
  if (folder !== base && !folder.startsWith(`${base}/`)) {
    throw new HostError(`${relative} of the image leads out of it, to ${folder}`);
  }
  return path.join(folder, path.basename(relative));
}

/** Replaces whatever is there. The folder is made when it is missing. */
export async function writeTreeFile(root: string, relative: string, content: string, mode: number): Promise<void> {
  const place = await clearPlace(root, relative);
  await writeFile(place, content, { flag: 'wx' });
  await chmod(place, mode);
}

export async function linkInTree(root: string, relative: string, target: string): Promise<void> {
  await symlink(target, await clearPlace(root, relative));
}

async function clearPlace(root: string, relative: string): Promise<string> {
  await makeFolders(root, path.dirname(relative));
  const place = await placeInTree(root, relative);
  await rm(place, { recursive: true, force: true });
  return place;
}

/** One after the other, so that a link on the way is seen before anything is made behind it. */
export async function makeFolders(root: string, folder: string): Promise<void> {
  if (folder === '.') return;
  await makeFolders(root, path.dirname(folder));
  const place = await placeInTree(root, folder);
  if (!(await isFolder(place))) await mkdir(place);
}

/** A file that keeps its name, mode and owner, and nothing else: its inode may be that of other versions, too. */
export async function emptyFile(root: string, relative: string): Promise<void> {
  const place = await placeInTree(root, relative);
  const { mode, uid, gid, size } = await lstat(place);
  if (size === 0) return;
  await rm(place);
  await writeFile(place, '', { flag: 'wx' });
  await chown(place, uid, gid);
  await chmod(place, mode & 0o7777);
}

/** No entry is younger than this; what is older keeps its time. */
export async function clampTimes(root: string, epochSeconds: number, signal: AbortSignal): Promise<void> {
  const limit = `@${epochSeconds}`;
  await run(['find', root, '-newermt', limit, '-exec', 'touch', '--no-dereference', `--date=${limit}`, '{}', '+'], {
    signal,
  });
}

/** systemd compares the times of these files with /usr's: equal means that nothing has to be updated at boot. */
export async function markUpdated(root: string): Promise<void> {
  const { mtime } = await stat(path.join(root, 'usr'));
  for (const folder of ['etc', 'var']) {
    const file = path.join(root, folder, '.updated');
    const { atime: folderAtime, mtime: folderMtime } = await stat(path.join(root, folder));
    await rm(file, { force: true });
    await writeFile(file, '# The time of this file is that of /usr: nothing to update at boot.\n');
    await utimes(file, mtime, mtime);
    await utimes(path.join(root, folder), folderAtime, folderMtime);
  }
}
