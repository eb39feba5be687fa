/** The index of a finished tree. Files that are not in the store yet, sealed or imported ones, become objects of it. */
import { utimesSync, type Stats } from 'node:fs';
import path from 'node:path';

import { indexTree } from '../host/index-tree.ts';
import { StoreObjects } from '../host/store-objects.ts';
import type { IndexedFile, IndexEntry } from '../model/tree-index.ts';
import { isSameInode, ObjectNames } from '../plan/store-objects.ts';
import type { Placed } from './flatten.ts';

interface FinishOptions {
  readonly root: string;
  readonly imagesDir: string;
  /** By path; empty for a tree that was copied as it is. */
  readonly placed: ReadonlyMap<string, Placed>;
  readonly signal: AbortSignal;
}

export async function finishTree({ root, imagesDir, placed, signal }: FinishOptions): Promise<IndexEntry[]> {
  const unchanged = new Map<string, Placed>();
  const known = (file: string, { ino }: Stats) => {
    const before = placed.get(file);
    if (before?.inode !== ino) return undefined;
    unchanged.set(file, before);
    return before.file.sha256;
  };
  const { entries } = await indexTree(root, { signal, known });
  const names = new ObjectNames();
  const fresh: IndexedFile[] = [];
  const finished = entries.map((entry): IndexEntry => {
    if (entry.kind !== 'file') return entry;
    const before = unchanged.get(entry.path);
    if (before === undefined) {
      fresh.push(entry);
      return entry;
    }
    requireUntouched(entry, before.file);
    names.keep(before.object);
    return Object.assign(entry, { layer: before.file.layer });
  });
  adoptFiles(fresh, { root, names, objects: new StoreObjects(imagesDir, signal) });
  restoreTimes(finished, new Set(fresh.map((file) => path.dirname(file.path))), root);
  return finished;
}

/** Other versions have the same inode: a rule that changed it in place has changed them all. */
function requireUntouched(entry: IndexedFile, before: IndexedFile): void {
  if (isSameInode(entry, before)) return;
  throw new Error(`/${entry.path} was changed in place, and with it every version that has this file`);
}

interface Adopting {
  readonly root: string;
  readonly names: ObjectNames;
  readonly objects: StoreObjects;
}

function adoptFiles(files: readonly IndexedFile[], { root, names, objects }: Adopting): void {
  for (const file of files) objects.adopt(names.of(file), path.join(root, file.path));
}

/** A file that became a name of an object was renamed into its folder. */
function restoreTimes(entries: readonly IndexEntry[], folders: ReadonlySet<string>, root: string): void {
  for (const { kind, path: folder, time } of entries) {
    if (kind === 'folder' && folders.has(folder)) utimesSync(path.join(root, folder), time, time);
  }
}
