/** What a version costs: which of its blocks no other version has. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

export interface VersionCost {
  /** Would be free without it. */
  readonly ownBytes: number;
  /** Of files that other versions have, too. */
  readonly sharedBytes: number;
}

/** Names of one inode within some trees: without the object itself. */
interface Seen {
  names: number;
  /** That are not counted yet. */
  bytes: number;
  readonly links: number;
}

/** @param folders of versions: what they alone have, together */
export async function readCost(folders: readonly string[]): Promise<VersionCost> {
  const seen = new Map<number, Seen>();
  const ownBytes = (await countFolders(folders, seen)) + takeOwn(seen);
  return { ownBytes, sharedBytes: [...seen.values()].reduce((sum, { bytes }) => sum + bytes, 0) };
}

/**
 * What each frees when they go one after the other: files that only some of them have, with the last of those.
 * @param groups folders of each
 */
export async function readFreed(groups: readonly (readonly string[])[]): Promise<number[]> {
  const seen = new Map<number, Seen>();
  const freed: number[] = [];
  for (const folders of groups) freed.push((await countFolders(folders, seen)) + takeOwn(seen));
  return freed;
}

/** @returns the bytes of what can have one name only; the rest is in `seen` */
async function countFolders(folders: readonly string[], seen: Map<number, Seen>): Promise<number> {
  let sum = 0;
  for (const folder of folders)
    for (const bytes of countEntries(folder, seen)) {
      sum += bytes;
      if (bytes === 0) await setImmediate();
    }
  return sum;
}

/** @returns the bytes of what has no other name */
function takeOwn(seen: ReadonlyMap<number, Seen>): number {
  let sum = 0;
  for (const entry of seen.values()) {
    // The object is one name more; a file that is none has no other.
    if (entry.links > entry.names + 1) continue;
    sum += entry.bytes;
    entry.bytes = 0;
  }
  return sum;
}

/** Yields the bytes of what can have one name only, and a zero when others should have their turn. */
function* countEntries(folder: string, seen: Map<number, Seen>): Generator<number> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  yield 0;
  for (const name of names) {
    const place = path.join(folder, name);
    const info = lstatSync(place);
    const bytes = info.blocks * 512;
    if (info.isDirectory()) {
      yield bytes;
      yield* countEntries(place, seen);
    } else if (info.nlink === 1) yield bytes;
    else {
      const known = seen.get(info.ino);
      if (known === undefined) seen.set(info.ino, { names: 1, bytes, links: info.nlink });
      else known.names += 1;
    }
  }
}
