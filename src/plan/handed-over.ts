/** A tree that somebody has built, as it was read again here: which layer was each file from, and what is not as it was? */
import type { IndexEntry } from '../model/tree-index.ts';
import { canonicalJson } from './canonical-json.ts';

interface Compared {
  /** With the layers that the builder knew of. */
  readonly entries: IndexEntry[];
  /** Paths that are other than they were built, sorted. */
  readonly others: readonly string[];
}

/** @param found without layers @param built with them */
export function compareWithBuilt(found: readonly IndexEntry[], built: readonly IndexEntry[]): Compared {
  const known = new Map(built.map((entry) => [entry.path, entry]));
  const others: string[] = [];
  const entries = found.map((entry) => {
    const before = known.get(entry.path);
    known.delete(entry.path);
    if (before === undefined || !isSame(entry, before)) {
      others.push(entry.path);
      return entry;
    }
    // As a build of root's own does it, last: the digest of the index depends on the order.
    return before.layer === undefined ? entry : { ...entry, layer: before.layer };
  });
  return { entries, others: [...others, ...known.keys()].toSorted() };
}

function isSame(found: IndexEntry, built: IndexEntry): boolean {
  const { layer: _, ...rest } = built;
  return canonicalJson(found) === canonicalJson(rest);
}
