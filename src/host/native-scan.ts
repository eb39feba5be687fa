/** After an installation with this machine's programs laid over an image: nothing of them may be left in it. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, lchown, lstat, rename, utimes } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { readElfMachine } from './elf.ts';
import { readXattrs, writeXattrs } from './xattrs.ts';

export interface ScanRequest {
  /** Took the changes. */
  readonly upper: string;
  /** The image's layers below it, the lowest first. */
  readonly image: readonly string[];
  /** Folders that were laid between them. */
  readonly laid: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * A script that changes owner, mode or capabilities of a program makes overlayfs copy ours: it is exchanged for the image's,
 * with those. @throws HostError when anything else of this machine is there
 */
export async function removeNative(request: ScanRequest): Promise<void> {
  const strange: string[] = [];
  for (const file of findNative(request.upper)) if (!(await exchange(file, request))) strange.push(file);
  for (const folder of ['lib64', 'usr/lib64', 'usr/lib/x86_64-linux-gnu']) {
    if ((await infoOf(path.join(request.upper, folder))) !== undefined) strange.push(folder);
  }
  if (strange.length === 0) return;
  throw new HostError(`the image would have got files of this machine: ${strange.slice(0, 3).join(', ')}`);
}

function findNative(root: string, below = ''): string[] {
  return readdirSync(path.join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(below, entry.name);
    if (entry.isDirectory()) return findNative(root, file);
    return entry.isFile() && readElfMachine(path.join(root, file)) === 'amd64' ? [file] : [];
  });
}

async function exchange(file: string, { upper, image, laid, signal }: ScanRequest): Promise<boolean> {
  const ours = laid.map((folder) => path.join(folder, file)).find((place) => isFile(place));
  const own = image.map((layer) => path.join(layer, file)).findLast((place) => isFile(place));
  const place = path.join(upper, file);
  if (ours === undefined || own === undefined || !readFileSync(ours).equals(readFileSync(place))) return false;
  const { uid, gid, mode } = await lstat(place);
  const { atime, mtime } = await lstat(own);
  const xattrs = (await readXattrs(path.dirname(place), signal)).get(path.basename(place)) ?? {};
  const copy = `${place}.pi-image`;
  await copyFile(own, copy);
  await lchown(copy, uid, gid);
  await chmod(copy, mode & 0o7777);
  await utimes(copy, atime, mtime);
  await writeXattrs(copy, xattrs, signal);
  await rename(copy, place);
  return true;
}

function isFile(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false })?.isFile() === true;
}

async function infoOf(place: string) {
  return lstat(place).catch(() => undefined);
}
