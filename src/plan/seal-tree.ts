/** What rules see of a tree: few entries, by name, asked for when they are needed. */
import { matchesGlob } from './seal-rule.ts';

export interface SealEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly sizeBytes: number;
  readonly mode: number;
  /** Of a link. */
  readonly target?: string;
}

/** Paths are relative to the root. Links on the way are followed as a node would, never out of the tree. */
export interface SealTree {
  /** Of the entry itself: a link is a link. */
  readonly entry: (path: string) => SealEntry | undefined;
  /** In the order of names; none where there is no such folder. */
  readonly names: (folder: string) => readonly string[];
  /** Of a file. */
  readonly text: (path: string) => string;
  /** security.capability in hexadecimal, by path. */
  readonly capabilities: ReadonlyMap<string, string>;
}

/** Paths that fit a glob, which has `*` in its last part only. */
export function findPaths(tree: SealTree, glob: string): string[] {
  if (!glob.includes('*')) return tree.entry(glob) === undefined ? [] : [glob];
  const folder = glob.slice(0, Math.max(glob.lastIndexOf('/'), 0));
  const paths = tree.names(folder).map((name) => (folder === '' ? name : `${folder}/${name}`));
  return paths.filter((path) => matchesGlob(path, glob));
}
