/** What is known of a version's packages: its root, and the lock of its image. */
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir } from '../host/image-store.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { parseDpkgStatus } from '../plan/dpkg-status.ts';
import { parseLicences } from '../plan/licences.ts';
import { lockedPackages } from '../plan/package-lock.ts';
import type { SbomSource } from '../plan/sbom.ts';
import { readLock } from './lock-file.ts';

export async function readPackages(
  stateDir: string,
  manifest: ImageManifest,
): Promise<Pick<SbomSource, 'manifest' | 'installed' | 'licences' | 'osRelease' | 'locked'>> {
  const { name, version } = manifest;
  const root = path.join(imagesDir(stateDir), name, version, 'root');
  // Every build leaves its lock in the state, wherever image.yaml is.
  const lock = await readLock({ name, stateDir, specDir: '', isOwnSpec: false });
  return {
    manifest,
    installed: parseDpkgStatus(await readIfThere(path.join(root, 'var/lib/dpkg/status'))),
    licences: await readLicences(root, manifest.packages),
    osRelease: await readIfThere(path.join(root, 'usr/lib/os-release')),
    locked: lock === undefined ? [] : lockedPackages(lock),
  };
}

async function readLicences(root: string, packages: ImageManifest['packages']): Promise<Map<string, string[]>> {
  const read = packages.map(async ({ name }): Promise<[string, string[]]> => {
    const file = await fileInside(root, path.join('usr/share/doc', name, 'copyright'));
    return [name, file === undefined ? [] : parseLicences(await readIfThere(file))];
  });
  return new Map(await Promise.all(read));
}

/** Packages of one source link to each other's folders; a link that leads out of the root leads nowhere. */
async function fileInside(root: string, file: string): Promise<string | undefined> {
  const found = await realpath(path.join(root, file)).catch(() => undefined);
  return found?.startsWith(`${await realpath(root)}/`) === true ? found : undefined;
}

async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
