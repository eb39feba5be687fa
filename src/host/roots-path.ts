/** Can nobody but root change where a path leads? Asked before root acts on it. */
import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { ifMissing } from './missing.ts';

const mostLinks = 8;

/**
 * Each folder on the way is root's, and root's alone to write into; a link in such a folder is root's own word. What the
 * path leads to may belong to anybody, or be missing: then nobody but root can make it.
 *
 * @param base taken as it is: names in it count when they are root's, also where others may write beside them
 * @throws HostError that names what somebody else could change
 */
export async function requireRootsPath(place: string, base = '/', links = mostLinks): Promise<void> {
  const names = path.relative(base, place).split(path.sep).filter(Boolean);
  if (names[0] === '..') throw new HostError(`${place} lies outside of ${base}`);
  let folder = base;
  let isOpen = base !== '/';
  for (const [index, name] of names.entries()) {
    const at = path.join(folder, name);
    const found = await lstat(at).catch(ifMissing(undefined));
    if (isOpen && found?.uid !== 0) throw notRoots(at, 'it does not belong to root, and others may write beside it');
    if (found === undefined) return;
    if (found.isSymbolicLink()) {
      if (links === 0) throw notRoots(at, 'it leads through too many links');
      const target = path.resolve(folder, await readlink(at), ...names.slice(index + 1));
      return requireRootsPath(target, '/', links - 1);
    }
    isOpen = isStickyFolder(at, found, index === names.length - 1);
    folder = at;
  }
}

const othersMayWrite = 0o022;
const sticky = 0o1000;

/** @returns whether others may make names in it, and not take root's away; of the last one that does not matter */
function isStickyFolder(at: string, found: Stats, isLast: boolean): boolean {
  if (!found.isDirectory()) throw notRoots(at, 'it is no folder');
  const { uid, mode } = found;
  if (isLast) return false;
  if (uid !== 0) throw notRoots(at, 'it belongs to another user than root');
  if ((mode & othersMayWrite) === 0) return false;
  if ((mode & sticky) !== 0) return true;
  throw notRoots(at, 'others than root may write there');
}

function notRoots(at: string, why: string): HostError {
  return new HostError(`${at} is not trusted: ${why}`, {
    hint: 'Folders above exported trees and shares belong to root: "chown root:root" and "chmod go-w" them.',
  });
}
