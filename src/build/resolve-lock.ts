/** Asks the archives which packages an image is made of now. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import {
  describePackages,
  offerPackages,
  readReleases,
  simulateApt,
  type AptRequest,
  type PrivateApt,
} from '../host/apt.ts';
import type { RunOptions } from '../host/process.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { ResolvedBase } from '../model/image-base.ts';
import type { ArchiveIndex, LockedLayer, LockedPackage, PackageLock } from '../model/package-lock.ts';
import {
  busyboxPackage,
  ipxePackage,
  needsIpxe,
  planRequests,
  requestDigest,
  type PackageRequest,
} from '../plan/build-packages.ts';
import { canonicalJson } from '../plan/canonical-json.ts';
import { updatesLayer } from '../plan/layer-pieces.ts';
import {
  checkKernelForBoards,
  keptLayers,
  lockPackages,
  newestIndexSeconds,
  parseOffers,
  renderStatus,
} from '../plan/package-lock.ts';
import { holdPinned, pinnedNames, planUpdates } from '../plan/updates.ts';
import { explainArchive, findSources, openAptFor, refreshLists, type SourcesRequest } from './archives.ts';
import type { BuildProgress } from './progress.ts';

export interface ResolveRequest extends SourcesRequest {
  readonly stateDir: string;
  readonly base: ResolvedBase | undefined;
  readonly now: () => Date;
  readonly progress: BuildProgress;
}

/**
 * `keep`: layers that still ask for the same keep their packages. `update`: these too, and what is newer comes on top.
 * `anew`: the newest of everything.
 */
export type ResolveMode = 'keep' | 'update' | 'anew';

export async function resolveLock(
  request: ResolveRequest,
  old: PackageLock | undefined,
  mode: ResolveMode = 'keep',
): Promise<PackageLock> {
  const { spec, signal, progress, base } = request;
  const options: RunOptions = { signal, onLine: progress.output };
  const sources = await findSources(mode === 'keep' ? atSameMirrors(request, old) : request);
  progress.detail('reading the package indexes');
  const apt = await openAptFor(request.stateDir, sources, request);
  const indexes = await explainArchive(sources, refreshLists(apt, sources, options));
  const resolving: Resolving = { request, apt, options, below: await readBaseStatus(request) };
  const lock: PackageLock = {
    format: 1,
    request: requestDigest(spec, base),
    resolvedAt: request.now().toISOString(),
    epochSeconds: newestIndexSeconds(await readReleases(apt)),
    sources,
    ...(indexes !== undefined && isNewest(indexes, old, mode) && { indexes }),
    ...(base !== undefined && { base }),
    layers: await resolveLayers(resolving, mode === 'anew' ? undefined : old, mode),
    ...(await resolveTools(resolving, mode === 'keep' ? old : undefined)),
  };
  checkKernelForBoards(lock, spec);
  return lock;
}

/** Layers that were kept as they are may lag behind the archives: then nobody may conclude from the indexes that they do not. */
function isNewest(indexes: readonly ArchiveIndex[], old: PackageLock | undefined, mode: ResolveMode): boolean {
  return mode !== 'keep' || old === undefined || canonicalJson(indexes) === canonicalJson(old.indexes ?? []);
}

interface Resolving {
  readonly request: ResolveRequest;
  readonly apt: PrivateApt;
  readonly options: RunOptions;
  /** dpkg's status of a base that is not made of packages. */
  readonly below: string;
}

async function readBaseStatus({ baseRoot }: ResolveRequest): Promise<string> {
  if (baseRoot === undefined) return '';
  try {
    return await readFile(path.join(baseRoot, 'var/lib/dpkg/status'), 'utf8');
  } catch (error) {
    throw new ConfigError('the base has no /var/lib/dpkg/status, so no packages can be added to it', {
      cause: error,
      hint: 'A base must be Debian or made from it.',
    });
  }
}

async function resolveLayers(
  resolving: Resolving,
  old: PackageLock | undefined,
  mode: ResolveMode,
): Promise<LockedLayer[]> {
  const requests = planRequests(resolving.request.spec, resolving.request.base);
  const layers: LockedLayer[] = keptLayers(old, requests);
  for (const request of requests.slice(layers.length)) {
    resolving.request.progress.detail(`resolving ${request.name}`);
    layers.push(await resolveLayer(resolving, request, layers));
  }
  const hadUpdates = old?.layers.some(({ name }) => name === updatesLayer) === true;
  if (old === undefined || (mode !== 'update' && !hadUpdates)) return layers;
  return withUpdates(resolving, layers, pinnedNames(requests));
}

async function resolveLayer(
  resolving: Resolving,
  { name, packages, remove, digest }: PackageRequest,
  layers: readonly LockedLayer[],
): Promise<LockedLayer> {
  const hint = `Look at the packages of ${name} in image.yaml.`;
  const asked = { status: renderStatus(layers, resolving.below), packages, removes: remove };
  const located = { ...resolving, options: { ...resolving.options, hint } };
  const removes = remove.length === 0 ? [] : await resolveRemoval(located, name, asked);
  const locked = await resolvePackages(located, asked);
  return { name, request: digest, packages: locked, ...(removes.length > 0 && { removes }) };
}

/** Nothing goes that was not named: who takes a library away must say so of its programs. */
async function resolveRemoval(resolving: Resolving, layer: string, asked: AptRequest): Promise<string[]> {
  const said = await simulateApt(resolving.apt, asked, resolving.options);
  const gone = said.split('\n').flatMap((line) => /^(?:Remv|Purg) (\S+)/.exec(line)?.[1] ?? []);
  const unasked = gone.filter((name) => asked.removes?.includes(name) !== true);
  if (unasked.length === 0) return gone.toSorted();
  throw new ConfigError(
    `removing ${asked.removes?.join(' ')} in layer ${layer} would take ${unasked.join(' ')} along`,
    {
      hint: `Name these under remove: too, or leave out what they need.`,
    },
  );
}

async function withUpdates(
  resolving: Resolving,
  layers: LockedLayer[],
  pinned: readonly string[],
): Promise<LockedLayer[]> {
  const { progress } = resolving.request;
  progress.detail('looking for newer packages');
  const status = holdPinned(renderStatus(layers, resolving.below), pinned);
  const newer = await resolvePackages(resolving, { status, packages: [], upgrade: true });
  const updates = planUpdates(layers, newer, resolving.below);
  if (updates.kind === 'none') return layers;
  if (updates.kind === 'layer') return [...layers, updates.layer];
  progress.note(`${updates.why}: the image is made anew`);
  return resolveLayers(resolving, undefined, 'anew');
}

async function resolvePackages({ apt, options }: Resolving, asked: AptRequest): Promise<LockedPackage[]> {
  if (asked.packages.length === 0 && asked.upgrade !== true) return [];
  const offers = parseOffers(await offerPackages(apt, asked, options));
  const ids = offers.map(({ name, version }) => `${name}=${version}`);
  return lockPackages(offers, await describePackages(apt, ids, options));
}

/** Packages of which single files are taken, whatever they depend on. */
async function resolveTools(
  resolving: Resolving,
  kept: PackageLock | undefined,
): Promise<Pick<PackageLock, 'busybox' | 'ipxe'>> {
  const { spec } = resolving.request;
  const { busybox, ipxe } = kept ?? {};
  const isKept = busybox !== undefined && (ipxe !== undefined || !needsIpxe(spec));
  if (isKept) return { busybox, ...(needsIpxe(spec) && { ipxe }) };
  const names = [busyboxPackage, ...(needsIpxe(spec) ? [ipxePackage] : [])];
  const packages = await resolvePackages(resolving, { status: '', packages: names });
  const find = (name: string): LockedPackage => {
    const found = packages.find((each) => each.name === name);
    if (found === undefined) throw new HostError(`the archives have no ${name}`);
    return found;
  };
  return { busybox: find(busyboxPackage), ...(needsIpxe(spec) && { ipxe: find(ipxePackage) }) };
}

/** Where nothing newer is looked for, the archives are those of the lock: nobody has to ask this machine's apt. */
function atSameMirrors(request: ResolveRequest, old: PackageLock | undefined): ResolveRequest {
  if (!('apt' in request.spec.base)) return request;
  const debian = old?.sources.filter(({ source }) => source === 'debian') ?? [];
  const security = debian.find(({ suites }) => suites.some((suite) => suite.endsWith('-security')));
  const main = debian.find((source) => source !== security);
  if (main === undefined || security === undefined) return request;
  const { mirrors, keyrings } = request.overrides;
  const kept = { debian: main.uri, 'debian-security': security.uri, ...mirrors };
  return { ...request, overrides: { mirrors: kept, keyrings } };
}
