/** Which object of the store is a file of a version? Equal files of different versions are the same object. */
import type { IndexedFile } from '../model/tree-index.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

/** All that an inode holds: two files with the same text are the same thing to NFS. */
export function objectKey(file: IndexedFile): string {
  return sha256(inodeOf(file));
}

/** @param name what the object is called @param found the inode as it is. Boot files are called as if they had no time. */
export function isWhatItIsCalled(name: string, found: IndexedFile): boolean {
  const [key] = name.split('-');
  return key === objectKey(found) || key === objectKey({ ...found, time: 0 });
}

/** Not as JSON: there are tens of thousands of files in a version. */
function inodeOf({ sha256: content, mode, uid, gid, time, xattrs }: IndexedFile): string {
  return `${content} ${mode} ${uid} ${gid} ${time}${xattrs === undefined ? '' : ` ${canonicalJson(xattrs)}`}`;
}

export function isSameInode(one: IndexedFile, other: IndexedFile): boolean {
  return (
    one.sha256 === other.sha256 &&
    one.mode === other.mode &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.time === other.time &&
    (one.xattrs === other.xattrs || inodeOf(one) === inodeOf(other))
  );
}

/**
 * Gives each file of one version an object of its own, so that no two of its files become one: a copy of the tree that
 * keeps hard links would else be a trap for whoever writes to it. Names of one file (`group`) share theirs.
 */
export class ObjectNames {
  readonly #taken = new Set<string>();
  readonly #ofGroup = new Map<number, string>();

  /** A file of this version has it already. */
  keep(name: string): void {
    this.#taken.add(name);
  }

  of(file: IndexedFile): string {
    const known = file.group === undefined ? undefined : this.#ofGroup.get(file.group);
    if (known !== undefined) return known;
    const key = objectKey(file);
    let name = key;
    for (let copy = 2; this.#taken.has(name); copy += 1) name = `${key}-${copy}`;
    this.#taken.add(name);
    if (file.group !== undefined) this.#ofGroup.set(file.group, name);
    return name;
  }
}
