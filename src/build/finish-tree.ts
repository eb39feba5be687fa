/** The index of a finished tree. Files that are not in the store yet, sealed or imported ones, become objects of it. */
import { utimesSync, type Stats } from 'node:fs';
import path from 'node:path';

import { indexTree } from '../host/index-tree.ts';
import { StoreObjects } from '../host/store-objects.ts';
import { readXattrsOf } from '../host/xattrs.ts';
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
  const kept = new Map<string, Placed>();
  const entries = placed.size === 0 ? await readTree(root, signal) : await readChanges({ root, placed, kept, signal });
  const names = new ObjectNames();
  const fresh: IndexedFile[] = [];
  const finished = entries.map((entry): IndexEntry => {
    if (entry.kind !== 'file') return entry;
    const before = kept.get(entry.path);
    if (before?.entry.kind !== 'file' || before.object === undefined) {
      fresh.push(entry);
      return entry;
    }
    requireUntouched(entry, before.entry);
    names.keep(before.object);
    return Object.assign(entry, { layer: before.entry.layer });
  });
  adoptFiles(fresh, { root, names, objects: new StoreObjects(imagesDir, signal) });
  restoreTimes(finished, new Set(fresh.map((file) => path.dirname(file.path))), root);
  return finished;
}

async function readTree(root: string, signal: AbortSignal): Promise<readonly IndexEntry[]> {
  return (await indexTree(root, { signal })).entries;
}

interface Reading {
  readonly root: string;
  readonly placed: ReadonlyMap<string, Placed>;
  /** Gets those that are as they were placed. */
  readonly kept: Map<string, Placed>;
  readonly signal: AbortSignal;
}

/** Content and extended attributes are read of those entries alone that are others than were placed. */
async function readChanges({ root, placed, kept, signal }: Reading): Promise<IndexEntry[]> {
  const fresh: string[] = [];
  const xattrs = (file: string, { ino }: Stats) => {
    const before = placed.get(file);
    if (before?.inode === ino) {
      kept.set(file, before);
      return before.entry.xattrs;
    }
    fresh.push(file);
    return undefined;
  };
  const known = (file: string) => {
    const before = kept.get(file)?.entry;
    return before?.kind === 'file' ? before.sha256 : undefined;
  };
  const { entries } = await indexTree(root, { signal, known, xattrs });
  const read = await readXattrsOf(root, fresh, signal);
  return entries.map((entry) => withXattrs(entry, read.get(entry.path)));
}

/** In the order of an entry that was read at once: the digest of the index depends on it. */
function withXattrs(entry: IndexEntry, xattrs: IndexEntry['xattrs']): IndexEntry {
  if (xattrs === undefined) return entry;
  const { kind, path: name, mode, uid, gid, time, ...rest } = entry;
  return { kind, path: name, mode, uid, gid, time, xattrs, ...rest } as IndexEntry;
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
