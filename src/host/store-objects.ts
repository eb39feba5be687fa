/**
 * The store's objects: each file that versions hold, once, under a name made of its content and attributes. Trees of
 * versions are hard links to them. An object is written beside, gets its name whole, and is never opened for writing.
 */
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';

import type { IndexedFile } from '../model/tree-index.ts';
import { writeXattrs } from './xattrs.ts';

export class StoreObjects {
  readonly #dir: string;
  readonly #signal: AbortSignal;
  readonly #folders = new Set<string>();

  /** @param imagesDir the objects lie beside the images, on their file system */
  constructor(imagesDir: string, signal: AbortSignal) {
    this.#dir = objectsDir(imagesDir);
    this.#signal = signal;
  }

  /** Makes `target` a name of the object; its content comes from `source` when there is no such object yet. */
  async place(file: IndexedFile, name: string, source: string, target: string): Promise<void> {
    const object = this.#file(name);
    if (tryLink(object, target)) return;
    await this.#make(file, source, object);
    linkSync(object, target);
  }

  /** Makes `target` a name of the object. @returns false when there is no such object */
  link(name: string, target: string): boolean {
    return tryLink(this.#file(name), target);
  }

  /** A file that is in place already, with attributes and all, becomes the object or a name of it. */
  adopt(name: string, place: string): void {
    const object = this.#file(name);
    const beside = `${place}${besideSuffix}`;
    if (!tryLink(object, beside)) {
      linkSync(place, object);
      return;
    }
    // rename(2) leaves both names alone when they are one file already.
    if (lstatSync(beside).ino === lstatSync(place).ino) unlinkSync(beside);
    else renameSync(beside, place);
  }

  #file(name: string): string {
    const folder = `${this.#dir}/${name.slice(0, 2)}`;
    if (!this.#folders.has(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#folders.add(folder);
    }
    return `${folder}/${name.slice(2)}`;
  }

  async #make({ uid, gid, mode, time, xattrs }: IndexedFile, source: string, object: string): Promise<void> {
    const beside = `${object}${besideSuffix}`;
    rmSync(beside, { force: true });
    copyFileSync(source, beside, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    chownSync(beside, uid, gid);
    chmodSync(beside, mode);
    // After chown, which takes capabilities away.
    if (xattrs !== undefined) await writeXattrs(beside, xattrs, this.#signal);
    utimesSync(beside, time, time);
    renameSync(beside, object);
  }
}

export function objectsDir(imagesDir: string): string {
  return path.join(imagesDir, '.objects');
}

/** Of one that somebody is making. */
export const besideSuffix = '.pi-image-new';

/** False when there is no such object, or it has as many names as the file system allows: then it is made anew. */
function tryLink(object: string, target: string): boolean {
  try {
    linkSync(object, target);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EMLINK') unlinkSync(object);
    if (code === 'EMLINK' || code === 'ENOENT') return false;
    throw error;
  }
}

export interface SweptObjects {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Objects that no version has: leftovers of a build that died, whose content may never have reached the disk, and those
 * of versions that were removed.
 */
export function sweepObjects(imagesDir: string, options: { readonly dryRun: boolean }): SweptObjects {
  let [files, bytes] = [0, 0];
  for (const object of objectsIn(objectsDir(imagesDir))) {
    const info = lstatSync(object);
    if (info.nlink > 1 && !object.endsWith(besideSuffix)) continue;
    files += 1;
    bytes += info.blocks * 512;
    if (!options.dryRun) unlinkSync(object);
  }
  return { files, bytes };
}

function* objectsIn(dir: string): Generator<string> {
  for (const folder of namesIn(dir)) {
    const place = path.join(dir, folder);
    for (const name of namesIn(place)) yield `${place}/${name}`;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
