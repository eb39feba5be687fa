/** Whether packages are installed the fast way, and what happens when that goes wrong. */
import { PiImageError } from '../model/errors.ts';
import type { PackageLock } from '../model/package-lock.ts';
import type { InstalledPackage } from '../plan/native-programs.ts';
import { lockedPackages } from '../plan/package-lock.ts';
import { prepareNative, type NativePrograms } from './native-programs.ts';
import type { RunningBuild } from './running-build.ts';

export interface WaysToInstall {
  /** @returns undefined where the fast way is none */
  readonly prepare: () => Promise<NativePrograms | undefined>;
  readonly fast: (native: NativePrograms) => Promise<void>;
  /** Undoes what the fast way has done. */
  readonly discard: () => Promise<void>;
  readonly plain: () => Promise<void>;
}

/**
 * With this machine's programs, where they can stand in for the image's; everything emulated where they cannot, or where the
 * fast way failed. Both make the same tree.
 */
export async function installFast(
  build: Pick<RunningBuild, 'engine' | 'progress' | 'signal'>,
  ways: WaysToInstall,
): Promise<void> {
  if (build.engine === 'plain') return ways.plain();
  let native: NativePrograms | undefined;
  try {
    native = await ways.prepare();
    if (native !== undefined) return await ways.fast(native);
  } catch (error) {
    build.signal.throwIfAborted();
    if (!(error instanceof PiImageError)) throw error;
    build.progress.note(`the fast way failed, everything is emulated instead: ${error.message}`);
    await ways.discard();
  }
  await ways.plain();
}

/** One set of programs serves all layers of an image. @param packages what it has and gets here */
export function prepareFor(
  build: Pick<RunningBuild, 'offline' | 'lock' | 'stateDir' | 'progress' | 'signal'>,
  packages: readonly InstalledPackage[],
): Promise<NativePrograms | undefined> {
  const { lock } = build;
  return prepareNative({ ...build, packages: allPackages(lock, packages), sources: lock.sources });
}

/** Of an image: what its base and its lower layers have, and what its lock says. */
export function allPackages(lock: PackageLock, packages: readonly InstalledPackage[]): InstalledPackage[] {
  return [...new Map([...packages, ...lockedPackages(lock)].map((each) => [each.name, each])).values()];
}
