/** Whether packages are installed the fast way, and what happens when that goes wrong. */
import { HostError } from '../model/errors.ts';
import type { PackageLock } from '../model/package-lock.ts';
import type { InstalledPackage } from '../plan/native-programs.ts';
import { lockedPackages } from '../plan/package-lock.ts';
import { prepareNative, type NativePrograms } from './native-programs.ts';
import type { RunningBuild } from './running-build.ts';

/**
 * With this machine's programs, where they can stand in for the image's; everything emulated where they cannot, or where the
 * fast way failed, for whatever reason. Both make the same tree.
 */
export async function installFast(
  build: Pick<RunningBuild, 'engine' | 'offline' | 'lock' | 'stateDir' | 'progress' | 'signal'>,
  packages: readonly InstalledPackage[],
  ways: {
    readonly fast: (native: NativePrograms) => Promise<void>;
    /** Undoes what the fast way has done. */
    readonly discard: () => Promise<void>;
    readonly plain: () => Promise<void>;
  },
): Promise<void> {
  if (build.engine === 'plain') return ways.plain();
  try {
    const native = await prepareNative({
      ...build,
      packages: allOf(build.lock, packages),
      sources: build.lock.sources,
    });
    if (native === undefined) return await ways.plain();
    return await ways.fast(native);
  } catch (error) {
    build.signal.throwIfAborted();
    if (!(error instanceof HostError)) throw error;
    build.progress.note(`the fast way failed, everything is emulated instead: ${error.message}`);
  }
  await ways.discard();
  await ways.plain();
}

/** One set of programs serves all layers of an image. */
function allOf(lock: PackageLock, packages: readonly InstalledPackage[]): InstalledPackage[] {
  return [...new Map([...packages, ...lockedPackages(lock)].map((each) => [each.name, each])).values()];
}
