/** Packages of a build that are not in the deb store yet. */
import { fetchDebs, missingDebs } from '../host/deb-store.ts';
import { ConfigError } from '../model/errors.ts';
import type { PackageLock } from '../model/package-lock.ts';
import type { BuildStep } from '../plan/build.ts';
import { unpackedPackages } from '../plan/package-lock.ts';
import { explainArchive, openAptFor } from './archives.ts';
import { downloadProgress } from './progress.ts';
import { buildPaths, layerRoot, type BuildRequest } from './running-build.ts';

export async function fetchMissing(
  request: BuildRequest,
  lock: PackageLock,
  steps: readonly BuildStep[],
): Promise<void> {
  const { stateDir, signal, progress } = request;
  const wanted = steps.flatMap((step) => {
    if (step.state.kind === 'cached') return [];
    return step.action === 'bootstrap' || step.action === 'layer' ? step.packages : [];
  });
  const store = buildPaths(stateDir).debs;
  const missing = await missingDebs(store, [...wanted, ...unpackedPackages(lock)]);
  if (missing.length === 0) return;
  if (request.offline) {
    throw new ConfigError(`${request.name} cannot be built offline: ${missing.length} packages are not in ${store}`, {
      hint: 'Build it once without --offline: what it needs is then kept.',
    });
  }
  const megabytes = Math.ceil(missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6);
  progress.note(`fetching ${missing.length} packages, ${megabytes} MB`);
  const [base] = steps;
  const baseRoot = base?.action === 'unpack' ? layerRoot(stateDir, base.key) : undefined;
  const apt = await openAptFor(stateDir, lock.sources, { baseRoot, signal });
  const onLine = downloadProgress(missing.length, progress);
  await explainArchive(lock.sources, fetchDebs(apt, store, missing, { signal, onLine }));
}
