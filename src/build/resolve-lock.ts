/** Asks the archives which packages an image is made of now, and keeps the answer. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { ArchiveError } from '../host/apt-error.ts';
import {
  describePackages,
  offerPackages,
  openApt,
  readIndexTargets,
  readReleases,
  updateLists,
  type PrivateApt,
} from '../host/apt.ts';
import { writeFileAtomically } from '../host/atomic-file.ts';
import { readJsonFile } from '../host/json-file.ts';
import type { RunOptions } from '../host/process.ts';
import { HostError } from '../model/errors.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import { PackageLock, type ArchiveSource, type LockedLayer, type LockedPackage } from '../model/package-lock.ts';
import { busyboxPackage, ipxePackage, needsIpxe, planRequests, requestDigest } from '../plan/build-packages.ts';
import { indexTargetFormat, planSources, renderSourcesList, type SourceOverrides } from '../plan/build-sources.ts';
import {
  checkKernelForBoards,
  keptLayers,
  lockedPackages,
  lockPackages,
  newestIndexSeconds,
  parseOffers,
  renderStatus,
} from '../plan/package-lock.ts';
import type { BuildProgress } from './progress.ts';
import { buildPaths } from './running-build.ts';

export interface ResolveRequest {
  readonly spec: ImageSpec;
  readonly stateDir: string;
  readonly overrides: SourceOverrides;
  readonly now: () => Date;
  readonly progress: BuildProgress;
  readonly signal: AbortSignal;
}

export function readLock(stateDir: string, name: string): Promise<PackageLock | undefined> {
  return readJsonFile<PackageLock | undefined>({
    file: buildPaths(stateDir).lock(name),
    schema: PackageLock,
    empty: undefined,
  });
}

export function writeLock(stateDir: string, name: string, lock: PackageLock): Promise<void> {
  return writeFileAtomically(buildPaths(stateDir).lock(name), `${JSON.stringify(lock, null, 1)}\n`);
}

/** @param old its layers that still ask for the same keep their packages; undefined looks for newer ones everywhere */
export async function resolveLock(request: ResolveRequest, old: PackageLock | undefined): Promise<PackageLock> {
  const { spec, signal, progress } = request;
  const options: RunOptions = { signal, onLine: progress.output };
  const sources = await findSources(request);
  progress.detail('reading the package indexes');
  const apt = await openAptFor(request.stateDir, sources, spec, signal);
  await explainArchive(sources, updateLists(apt, options));
  const requests = planRequests(spec);
  const layers: LockedLayer[] = keptLayers(old, requests);
  for (const { name, packages, digest } of requests.slice(layers.length)) {
    progress.detail(`resolving ${name}`);
    const present = layers.flatMap((layer) => layer.packages);
    const locked = await resolvePackages(apt, present, packages, { ...options, hint: hintFor(name) });
    layers.push({ name, request: digest, packages: locked });
  }
  const lock: PackageLock = {
    format: 1,
    request: requestDigest(spec),
    resolvedAt: request.now().toISOString(),
    epochSeconds: newestIndexSeconds(await readReleases(apt)),
    sources,
    layers,
    busybox: await resolveOne(apt, busyboxPackage, options),
    ...(needsIpxe(spec) && { ipxe: await resolveOne(apt, ipxePackage, options) }),
  };
  checkKernelForBoards(lock, spec);
  return lock;
}

function hintFor(layer: string): string {
  return `Look at the packages of ${layer} in image.yaml.`;
}

async function findSources({ spec, overrides, signal }: ResolveRequest): Promise<ArchiveSource[]> {
  const sources = planSources(spec, await readIndexTargets(indexTargetFormat, signal), overrides);
  for (const { source, keyring } of sources) {
    if ((await stat(keyring).catch(() => undefined)) !== undefined) continue;
    throw new HostError(`the signing key of the ${source} archive is not there: ${keyring}`, {
      hint: `Run "apt install ${source}-archive-keyring", or give the file: --keyring ${source}=FILE.`,
    });
  }
  return sources;
}

/** Also for downloads from a lock: there its sources count, not what the machine says today. */
export function openAptFor(
  stateDir: string,
  sources: readonly ArchiveSource[],
  spec: ImageSpec,
  signal: AbortSignal,
): Promise<PrivateApt> {
  const name = [spec.base.apt.suite, ...new Set(sources.map(({ source }) => source))].join('-');
  return openApt(path.join(buildPaths(stateDir).apt, name), renderSourcesList(sources), signal);
}

async function resolvePackages(
  apt: PrivateApt,
  present: readonly LockedPackage[],
  packages: readonly string[],
  options: RunOptions,
): Promise<LockedPackage[]> {
  if (packages.length === 0) return [];
  const offers = parseOffers(await offerPackages(apt, { status: renderStatus(present), packages }, options));
  const ids = offers.map(({ name, version }) => `${name}=${version}`);
  return lockPackages(offers, await describePackages(apt, ids, options));
}

/** One package alone, whatever it depends on. */
async function resolveOne(apt: PrivateApt, name: string, options: RunOptions): Promise<LockedPackage> {
  const found = (await resolvePackages(apt, [], [name], options)).find((locked) => locked.name === name);
  if (found === undefined) throw new HostError(`the archives have no ${name}`);
  return found;
}

/** Says which archive could not be reached in the user's words, and what else can be built. */
export async function explainArchive<T>(sources: readonly ArchiveSource[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isRaspberryPi =
      error instanceof ArchiveError &&
      sources.some(({ source, uri }) => source === 'raspberrypi' && new URL(uri).host === error.host);
    if (!isRaspberryPi) throw error;
    throw new HostError(`the Raspberry Pi archive cannot be used: ${error.message}`, {
      cause: error.cause,
      hint: "Build debian-lite, which needs only Debian's archive; or name another address with --mirror raspberrypi=URL.",
    });
  }
}

/** @returns what changed between two locks, one package a line: `openssl 3.5.1 -> 3.5.2` */
export function lockChanges(before: PackageLock, after: PackageLock): string[] {
  const old = new Map(lockedPackages(before).map(({ name, version }) => [name, version]));
  return lockedPackages(after).flatMap(({ name, version }) => {
    const was = old.get(name);
    return was === version ? [] : [`${name} ${was ?? '(new)'} -> ${version}`];
  });
}
