/** Compares a version's packages with the security suites of the archives that its image was locked from. */
import path from 'node:path';

import { ArchiveError } from '../host/apt-error.ts';
import { listAvailable, updateLists } from '../host/apt.ts';
import { imagesDir } from '../host/image-store.ts';
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { findBehind, parseAvailable, securitySources, type PackageBehind } from '../plan/audit.ts';
import { explainArchive, openAptFor } from './archives.ts';
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
  if (sources.length === 0) {
    const known = lock.sources.map(({ uri, suites }) => `${uri} ${suites.join(' ')}`);
    throw new ConfigError(`the archives of ${name} have no security suite`, {
      hint: `Its lock has: ${known.join(', ') || 'none'}. Add the -security suite to the archives of its base, and run "pi-image build ${name} --anew".`,
    });
  }
  // An archive's key that came with a base lies in every version of it.
  const baseRoot = path.join(imagesDir(stateDir), name, version, 'root');
  const apt = await openAptFor(stateDir, sources, { baseRoot, signal });
  // apt is asked also where nothing is new: an index that is too old to be believed is an error then.
  await explainArchive(sources, updateLists(apt, { signal })).catch(refuseToGuess);
  return {
    image: `${name}@${version}`,
    suites: sources.flatMap(({ suites }) => suites),
    packages: manifest.packages.length,
    behind: findBehind(manifest.packages, parseAvailable(await listAvailable(apt, { signal }))),
  };
}

/** Lists of before would say that all is well. */
function refuseToGuess(error: unknown): never {
  if (!(error instanceof ArchiveError)) throw error;
  throw new ArchiveError(error.message, error.host, {
    cause: error.cause,
    hint: 'Without it nobody knows what is behind. "apt-get update" shows whether this machine reaches it and trusts its key.',
  });
}
