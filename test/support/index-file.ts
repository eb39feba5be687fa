import type { IndexedFile } from '../../src/model/tree-index.ts';

/** A file of root's as an index has it. */
export const indexFile = (path: string, changes: Partial<IndexedFile> = {}): IndexedFile => ({
  kind: 'file',
  path,
  mode: 0o644,
  uid: 0,
  gid: 0,
  time: 1,
  bytes: 1,
  sha256: 'a'.repeat(64),
  ...changes,
});
