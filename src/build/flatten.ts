/** From layers to one tree of a version in the making: made of the layers' indexes, its files hard links to the store's objects. */
import { lstatSync } from 'node:fs';
import path from 'node:path';

import { imagesDir } from '../host/image-store.ts';
import { StoreObjects } from '../host/store-objects.ts';
import { finishFolders, makeFolder, makeLink, makeSpecial, placeIn } from '../host/place-entry.ts';
import type { IndexEntry } from '../model/tree-index.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { mergeLayers } from '../plan/merge-layers.ts';
import { ObjectNames } from '../plan/store-objects.ts';
import { readLayer } from './index-layer.ts';
import { layerRoot, type RunningBuild } from './running-build.ts';

/** An entry as it was put into the tree: as long as its inode is there, it is what it was. */
export interface Placed {
  readonly inode: number;
  readonly entry: IndexEntry;
  /** Which of the store's objects it is; only files are. */
  readonly object?: string;
}

export async function flatten({ keys }: BuildStepArgs['flatten'], build: RunningBuild): Promise<void> {
  const { stateDir, torso, lock, signal, progress } = build;
  const layers = [];
  for (const key of keys) layers.push(await readLayer(key, build));
  const limit = lock.epochSeconds;
  const entries = mergeLayers(layers).map((entry) => notAfter(entry, limit));
  progress.detail(`${entries.length} entries`);
  const sources = keys.map((key) => layerRoot(stateDir, key));
  const root = path.join(torso, 'root');
  build.found.placed = await placeTree(entries, {
    root,
    sources,
    objects: new StoreObjects(imagesDir(stateDir), signal),
    signal,
  });
}

function notAfter(entry: IndexEntry, limit: number): IndexEntry {
  return entry.time <= limit ? entry : { ...entry, time: limit };
}

interface Placing {
  readonly root: string;
  /** Root of each layer, by its number. */
  readonly sources: readonly string[];
  readonly objects: StoreObjects;
  readonly signal: AbortSignal;
}

async function placeTree(entries: readonly IndexEntry[], { root, ...rest }: Placing): Promise<Map<string, Placed>> {
  const placed = new Map<string, Placed>();
  const names = new ObjectNames();
  for (const entry of entries) {
    rest.signal.throwIfAborted();
    const target = placeIn(root, entry.path);
    let object: string | undefined;
    if (entry.kind === 'folder') makeFolder(entry, target);
    else if (entry.kind === 'link') makeLink(entry, target);
    else if (entry.kind === 'special') await makeSpecial(entry, target, rest.signal);
    else {
      object = names.of(entry);
      const source = placeIn(rest.sources[entry.layer ?? 0] ?? '', entry.path);
      await rest.objects.place(entry, object, source, target);
    }
    const info = lstatSync(target, { throwIfNoEntry: false });
    if (info !== undefined) placed.set(entry.path, { inode: info.ino, entry, ...(object !== undefined && { object }) });
  }
  await finishFolders(entries, root, rest.signal);
  return placed;
}
