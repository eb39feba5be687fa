/** Does a version hold what plain mmdebstrap makes of the same packages? */
import path from 'node:path';

import { indexFileName, readTreeIndex } from '../../src/host/index-file.ts';
import { indexTree } from '../../src/host/index-tree.ts';
import type { IndexEntry } from '../../src/model/tree-index.ts';

export interface Equality {
  /** Entries that both have. */
  readonly shared: number;
  /** Those of them that differ in kind, content, target, owner, mode or attributes. */
  readonly others: readonly string[];
}

/** Below /usr, where all is from packages: what the seal changes for nodes lies in /etc, /var and /boot. */
export async function compareWithPlain(version: string, plain: string): Promise<Equality> {
  const ours = (await readTreeIndex(path.join(version, indexFileName)))?.entries ?? [];
  const { entries } = await indexTree(path.join(plain, 'usr'), { signal: new AbortController().signal });
  const theirs = new Map(entries.map((entry) => [`usr/${entry.path}`, entry]));
  let shared = 0;
  const others: string[] = [];
  for (const entry of ours) {
    const other = theirs.get(entry.path);
    if (other === undefined) continue;
    shared += 1;
    if (looksOf(entry) !== looksOf(other)) others.push(entry.path);
  }
  return { shared, others };
}

/** Times of what scripts make are those of the build. */
function looksOf(entry: IndexEntry): string {
  const { path: _path, time: _time, layer: _layer, ...looks } = entry;
  if (looks.kind !== 'file') return JSON.stringify(looks);
  const { group: _group, ...file } = looks;
  return JSON.stringify(file);
}
