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
  readonly bytes: number;
  readonly links: number;
}

/** @param folders of versions: what they alone have, together */
export async function readCost(folders: readonly string[]): Promise<VersionCost> {
  const seen = new Map<number, Seen>();
  let ownBytes = 0;
  for (const folder of folders)
    for (const bytes of countEntries(folder, seen)) {
      ownBytes += bytes;
      if (bytes === 0) await setImmediate();
    }
  let sharedBytes = 0;
  for (const { names, bytes, links } of seen.values()) {
    // The object is one name more; a file that is none has no other.
    if (links <= names + 1) ownBytes += bytes;
    else sharedBytes += bytes;
  }
  return { ownBytes, sharedBytes };
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
