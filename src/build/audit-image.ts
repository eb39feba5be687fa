/** Compares a version's packages with the security suites of the archives that its image was locked from. */
import path from 'node:path';

import { listAvailable } from '../host/apt.ts';
import { imagesDir } from '../host/image-store.ts';
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { findBehind, parseAvailable, securitySources, type PackageBehind } from '../plan/audit.ts';
import { explainArchive, openAptFor, refreshLists } from './archives.ts';
import { readLock } from './lock-file.ts';

interface Audit {
  readonly image: string;
  /** `trixie-security` */
  readonly suites: readonly string[];
  readonly packages: number;
  readonly behind: readonly PackageBehind[];
}

export async function auditImage(
  manifest: ImageManifest,
  { stateDir, signal }: { readonly stateDir: string; readonly signal: AbortSignal },
): Promise<Audit> {
  const { name, version } = manifest;
  const lock = await readLock({ name, stateDir, specDir: '', isOwnSpec: false });
  if (lock === undefined) {
    throw new ConfigError(`nobody knows which archives ${name} is from: it has no package lock`, {
      hint: 'Only images that were built here can be audited. "pi-image image sbom NAME -o cyclonedx-json" is for scanners.',
    });
  }
  const sources = securitySources(lock.sources);
  if (sources.length === 0) throw new ConfigError(`the archives of ${name} have no security suite`);
  // An archive's key that came with a base lies in every version of it.
  const baseRoot = path.join(imagesDir(stateDir), name, version, 'root');
  const apt = await openAptFor(stateDir, sources, { baseRoot, signal });
  await explainArchive(sources, refreshLists(apt, sources, { signal }));
  return {
    image: `${name}@${version}`,
    suites: sources.flatMap(({ suites }) => suites),
    packages: manifest.packages.length,
    behind: findBehind(manifest.packages, parseAvailable(await listAvailable(apt, { signal }))),
  };
}
