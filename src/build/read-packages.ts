/** What is known of a version's packages: its root, and the lock of its image. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir } from '../host/image-store.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { parseDpkgStatus } from '../plan/dpkg-status.ts';
import { lockedPackages } from '../plan/package-lock.ts';
import type { SbomSource } from '../plan/sbom.ts';
import { readLock } from './lock-file.ts';

export async function readPackages(
  stateDir: string,
  manifest: ImageManifest,
): Promise<Pick<SbomSource, 'manifest' | 'installed' | 'osRelease' | 'locked'>> {
  const { name, version } = manifest;
  const root = path.join(imagesDir(stateDir), name, version, 'root');
  // Every build leaves its lock in the state, wherever image.yaml is.
  const lock = await readLock({ name, stateDir, specDir: '', isOwnSpec: false });
  return {
    manifest,
    installed: parseDpkgStatus(await readIfThere(path.join(root, 'var/lib/dpkg/status'))),
    osRelease: await readIfThere(path.join(root, 'usr/lib/os-release')),
    locked: lock === undefined ? [] : lockedPackages(lock),
  };
}

async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
