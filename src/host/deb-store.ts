/** The deb store: every package file that builds of this machine have used, shared by all images. Old versions stay. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { HostError } from '../model/errors.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import { downloadFiles, type PrivateApt } from './apt.ts';
import type { RunOptions } from './process.ts';

export type StoredDeb = Pick<LockedPackage, 'fileName' | 'sha256' | 'sizeBytes' | 'uri'>;

/** Those that are not in the store. */
export async function missingDebs<T extends StoredDeb>(store: string, packages: readonly T[]): Promise<T[]> {
  const present = await Promise.all(packages.map((deb) => hasSize(path.join(store, deb.fileName), deb.sizeBytes)));
  return packages.filter((_, index) => present[index] !== true);
}

/** A download in pieces: what is complete is kept when the rest fails. */
const debsPerDownload = 40;

export async function fetchDebs(
  apt: PrivateApt,
  store: string,
  packages: readonly StoredDeb[],
  options: RunOptions,
): Promise<void> {
  const partial = path.join(store, '.partial');
  await mkdir(partial, { recursive: true });
  for (let first = 0; first < packages.length; first += debsPerDownload) {
    const piece = packages.slice(first, first + debsPerDownload);
    const files = piece.map(({ uri, fileName, sha256 }) => ({ uri, sha256, target: path.join(partial, fileName) }));
    await downloadFiles(apt, files, options);
    for (const { fileName } of piece) await rename(path.join(partial, fileName), path.join(store, fileName));
  }
}

export interface ArchiveFiles {
  readonly suite: string;
  /** Text of the Packages and Release files. */
  readonly packagesIndex: string;
  readonly release: string;
}

/** Where a Packages file lies below dists/<suite>/. */
export const indexPath = 'main/binary-arm64/Packages';

/** A local archive of hard links into the store; each deb's content is checked, since a disk may have damaged it. */
export async function makeArchive(
  folder: string,
  store: string,
  packages: readonly StoredDeb[],
  files: ArchiveFiles,
): Promise<void> {
  const dist = path.join(folder, 'dists', files.suite);
  await mkdir(path.dirname(path.join(dist, indexPath)), { recursive: true });
  await mkdir(path.join(folder, 'archives', 'partial'), { recursive: true });
  for (const deb of packages) await linkDeb(folder, store, deb);
  await writeFile(path.join(dist, indexPath), files.packagesIndex);
  await writeFile(path.join(dist, 'Release'), files.release);
}

async function linkDeb(folder: string, store: string, deb: StoredDeb): Promise<void> {
  const file = path.join(store, deb.fileName);
  if ((await sha256OfFile(file)) !== deb.sha256) {
    await rm(file, { force: true });
    throw new HostError(`${file} was damaged and has been removed`, { hint: 'Build again: it is fetched anew.' });
  }
  await link(file, path.join(folder, 'archives', deb.fileName));
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function hasSize(file: string, sizeBytes: number): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.size === sizeBytes;
}
