/** A version that was built without root, as one archive with numeric owners: root publishes it elsewhere. */
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { imagesDir, listVersions } from '../host/image-store.ts';
import { indexFileName } from '../host/index-file.ts';
import { run } from '../host/process.ts';
import type { Handover } from '../model/handover.ts';
import { HostError } from '../model/errors.ts';
import type { PackageLock } from '../model/package-lock.ts';
import { buildPaths, type BuildRequest } from './running-build.ts';

export const handoverName = 'handover.json';

/** The archive has these and nothing else. */
export const handoverMembers = [handoverName, indexFileName, 'boot', 'root'] as const;

/**
 * Seen by tar in the user namespace: numbers are the image's, and capabilities those of its root. Access lists are among the
 * attributes; by --acls they would have the names that this machine knows for the numbers.
 */
const shape = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--sparse', '--sort=name'] as const;

/** @returns the archive with the newest version. Made once per version; of an image there is one. */
export async function handOver(request: BuildRequest, lock: PackageLock): Promise<string> {
  const { name, stateDir, spec, signal, progress } = request;
  const [manifest] = await listVersions(imagesDir(stateDir), name);
  if (manifest === undefined) throw new HostError(`${name} has no version`);
  const folder = buildPaths(stateDir).handover(name);
  const file = path.join(folder, `${name}@${manifest.version}.tar.zst`);
  if ((await stat(file).catch(() => undefined)) !== undefined) return file;
  progress.detail('packing it for root');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const described: Handover = { format: 1, spec, lock, manifest };
  await writeFile(path.join(folder, handoverName), `${JSON.stringify(described)}\n`);
  const version = path.join(imagesDir(stateDir), name, manifest.version);
  const [first, ...others] = handoverMembers;
  const members = ['--directory', folder, first, '--directory', version, ...others];
  const beside = `${file}.new`;
  await run(['tar', '--create', '--zstd', ...shape, '--file', beside, ...members], {
    signal,
    env: { ZSTD_NBTHREADS: '0' },
    hint: 'Look for free space.',
  });
  await rename(beside, file);
  await rm(path.join(folder, handoverName));
  return file;
}
