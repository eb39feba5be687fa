/** Packages into a base and into a layer: with programs of this machine where they can stand in, or with everything emulated. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { writeChrootAptConfig } from '../host/apt.ts';
import { chrootOf, installPackages, type ImageLayers } from '../host/chroot.ts';
import { bootstrapImage } from '../host/mmdebstrap.ts';
import { removeNative } from '../host/native-scan.ts';
import { layPrograms, type LaidPrograms } from '../host/native-tree.ts';
import { offeredDpkg } from '../host/offer-programs.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import { chooseNative, type InstalledPackage } from '../plan/native-programs.ts';
import { lockedSuite, parseInstalled } from '../plan/package-lock.ts';
import { installFast, prepareFor } from './fast-engine.ts';
import { makeNativeBase } from './native-base.ts';
import type { NativePrograms } from './native-programs.ts';
import { PackageProgress } from './progress.ts';
import { readUppermost } from './read-cache.ts';
import { logHint, type RunningBuild } from './running-build.ts';

export interface PackagePlace {
  readonly packages: readonly LockedPackage[];
  /** Local archive with them. */
  readonly archive: string;
  /** Folder with lines of passwd and group that must be there before packages are configured. */
  readonly ids: string;
}

/** @param target the new root */
export async function installBase(place: PackagePlace, target: string, build: RunningBuild): Promise<void> {
  await installFast(build, {
    prepare: () => prepareFor(build, place.packages),
    fast: (native) => nativeBase({ place, target, native }, build),
    discard: () => rm(target, { recursive: true, force: true }),
    plain: () => emulatedBase(place, target, build),
  });
}

async function emulatedBase(place: PackagePlace, target: string, build: RunningBuild): Promise<void> {
  const { packages, archive, ids } = place;
  const { progress, following } = follow(packages, build, `making the base of ${build.name}`);
  const { epochSeconds } = build.lock;
  const pins = packages.map(pinned);
  const request = { archive, suite: lockedSuite, packages: pins, ids, target, epochSeconds };
  await progress.explain(bootstrapImage(request, following));
}

async function nativeBase(
  { place, target, native }: { place: PackagePlace; target: string; native: NativePrograms },
  build: RunningBuild,
): Promise<void> {
  const { progress, following } = follow(place.packages, build, `making the base of ${build.name}`);
  const workDir = path.join(build.workDir, 'base');
  await rm(workDir, { recursive: true, force: true });
  const { epochSeconds } = build.lock;
  await progress.explain(makeNativeBase({ ...place, ...following, native, workDir, target, epochSeconds }));
  await rm(workDir, { recursive: true, force: true });
}

/** @param what named when it fails */
export async function installOnTop(
  place: PackagePlace,
  { layers, what }: { readonly layers: ImageLayers; readonly what: string },
  build: RunningBuild,
): Promise<void> {
  const emulated = (native?: LaidPrograms) => installEmulated(place, { layers, what, native }, build);
  // What was removed before could not be brought back when the fast way fails.
  if ((await readdir(layers.upper)).length > 0) return emulated();
  const installed = parseInstalled(await readUppermost(layers.lowers.toReversed(), 'var/lib/dpkg/status'));
  await installFast(build, {
    prepare: () => prepareFor(build, [...installed, ...place.packages]),
    fast: (native) => installNative({ place, layers, installed, native }, emulated, build),
    discard: () => rm(layers.upper, { recursive: true, force: true }),
    plain: () => emulated(),
  });
}

async function installNative(
  from: {
    place: PackagePlace;
    layers: ImageLayers;
    installed: readonly InstalledPackage[];
    native: NativePrograms;
  },
  install: (native: LaidPrograms) => Promise<void>,
  build: RunningBuild,
): Promise<void> {
  const { lowers, upper } = from.layers;
  const chosen = chooseNative(from.native.packages, { installed: from.installed, coming: from.place.packages });
  const target = path.join(build.workDir, 'native');
  const laid = await layPrograms(from.native.dir, chosen, { target, image: lowers });
  await install(laid);
  await removeNative({ upper, image: lowers, laid: laid.lowers, signal: build.signal });
}

async function installEmulated(
  { packages, archive, ids }: PackagePlace,
  { layers, what, native }: { layers: ImageLayers; what: string; native: LaidPrograms | undefined },
  build: RunningBuild,
): Promise<void> {
  const aptConfig = await writeChrootAptConfig({
    dir: path.join(build.workDir, 'apt'),
    root: chrootOf(layers),
    archive,
    suite: lockedSuite,
    dpkg: native === undefined ? undefined : offeredDpkg,
  });
  const { progress, following } = follow(packages, build, what);
  const env = { SOURCE_DATE_EPOCH: String(build.lock.epochSeconds) };
  const options = { ...following, env, debs: path.join(archive, 'archives'), ids, aptConfig, native };
  await progress.explain(installPackages(layers, packages.map(pinned), options));
}

function follow(packages: readonly LockedPackage[], build: RunningBuild, what: string) {
  const progress = new PackageProgress(packages.length, build.progress);
  return { progress, following: { signal: build.signal, onLine: progress.onLine, what, hint: logHint(build) } };
}

function pinned({ name, version }: LockedPackage): string {
  return `${name}=${version}`;
}
