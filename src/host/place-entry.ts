/** Makes what is not a file in a new tree: folders, links, device nodes, with their owners and times. */
import { chmodSync, chownSync, lchownSync, lstatSync, lutimesSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';

import type { IndexEntry } from '../model/tree-index.ts';
import { run } from './process.ts';
import { writeXattrs } from './xattrs.ts';

/** @param relative as in an index, where it needs no more than this: path.join takes longer than the system calls around it */
export function placeIn(root: string, relative: string): string {
  return relative === '.' ? root : `${root}/${relative}`;
}

/** The topmost is for nobody else until its content is there, and with it all below. */
export function makeFolder({ path: name, mode, uid, gid }: IndexEntry, target: string): void {
  mkdirSync(target, { mode: name === '.' ? 0o700 : mode });
  const made = lstatSync(target);
  if (made.uid !== uid || made.gid !== gid) chownSync(target, uid, gid);
  // What the mask or the owner has taken away of it.
  if (name !== '.' && (made.mode & 0o7777) !== mode) chmodSync(target, mode);
}

export function makeLink(
  { target: leadsTo, uid, gid, time }: Extract<IndexEntry, { kind: 'link' }>,
  place: string,
): void {
  symlinkSync(leadsTo, place);
  lchownSync(place, uid, gid);
  lutimesSync(place, time, time);
}

export async function makeSpecial(
  { device, uid, gid, mode, time }: Extract<IndexEntry, { kind: 'special' }>,
  place: string,
  signal: AbortSignal,
): Promise<void> {
  // A socket is made by the program that listens on it.
  if (device === 's') return;
  const [type = '', ...numbers] = device.split(/[ :]/);
  await run(['mknod', '--', place, type, ...numbers], { signal });
  chownSync(place, uid, gid);
  chmodSync(place, mode);
  utimesSync(place, time, time);
}

/** Their times last, the deepest first: making an entry changes its folder's. */
export async function finishFolders(entries: readonly IndexEntry[], root: string, signal: AbortSignal): Promise<void> {
  for (const entry of entries.toReversed()) {
    if (entry.kind !== 'folder') continue;
    const place = placeIn(root, entry.path);
    if (entry.path === '.') chmodSync(place, entry.mode);
    if (entry.xattrs !== undefined) await writeXattrs(place, entry.xattrs, signal);
    utimesSync(place, entry.time, entry.time);
  }
}
