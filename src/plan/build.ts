/** The steps of a build as data, from what is asked, what is locked and what the cache holds. `--plan` prints them. */
import { type BoardName, boardNames, boards } from '../model/board.ts';
import type { ImageSpec, Layer } from '../model/image-spec.ts';
import type { ArchiveSource, LockedPackage, PackageLock } from '../model/package-lock.ts';
import { cacheKey, explainChange, packagesDigest, type CacheKey, type KeyParts } from './cache-key.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { chooseLayerKey, type CachedLayers, type IdMap } from './id-registry.ts';
import { cardModules, squashModules } from './initramfs.ts';
import { sealDigest } from './seal.ts';
import { foldersWithKeys } from './secret-lint.ts';

export interface BuildStepArgs {
  bootstrap: LayerPlace & { readonly packages: readonly LockedPackage[] };
  layer: LayerPlace & {
    readonly packages: readonly LockedPackage[];
    readonly files: string | undefined;
    readonly run: readonly string[];
    readonly network: boolean;
  };
  flatten: { readonly keys: readonly string[] };
  'boot-files': { readonly boards: readonly BoardName[]; readonly ipxe: LockedPackage | undefined };
  initramfs: { readonly boards: readonly BoardName[]; readonly busybox: LockedPackage };
  seal: { readonly sources: readonly ArchiveSource[] };
  /** Files below these folders are also read for private keys. */
  lint: { readonly lookInside: readonly string[] };
  publish: { readonly key: string };
}
export type BuildAction = keyof BuildStepArgs;
export type BuildStep = {
  [A in BuildAction]: { readonly action: A; readonly state: StepState } & Readonly<BuildStepArgs[A]>;
}[BuildAction];

interface LayerPlace {
  readonly name: string;
  readonly key: string;
  /** What was asked for; differs from `key` where another image's layer has other user numbers. */
  readonly wanted: string;
  readonly parts: KeyParts;
  /** Keys of the layers below, the base first. */
  readonly parents: readonly string[];
}

type StepState = { readonly kind: 'run'; readonly why: string } | { readonly kind: 'cached'; readonly why: string };

export interface BuildInputs {
  readonly spec: ImageSpec;
  readonly lock: PackageLock;
  /** Layer name -> digest of the files and programs beside image.yaml that it uses. */
  readonly layerFiles: ReadonlyMap<string, string>;
  /** Digest of boot/initramfs and of whatever else makes the boot files. */
  readonly bootInputs: string;
}

export interface BuildCache {
  /** Complete layers by key, with the user and group numbers each ends with. */
  readonly layers: CachedLayers;
  /** Numbers that this image family has given out so far. */
  readonly registry: IdMap;
  /** Key parts of the last build, by step name. */
  readonly lastParts: ReadonlyMap<string, KeyParts>;
  /** manifest.key of the newest published version. */
  readonly publishedKey: string | undefined;
}

export interface BuildPlan {
  readonly steps: readonly BuildStep[];
  /** Over everything; equal keys mean equal images. */
  readonly key: string;
  readonly isUpToDate: boolean;
  readonly parts: ReadonlyMap<string, KeyParts>;
}

export function planBuild(inputs: BuildInputs, cache: BuildCache): BuildPlan {
  const { spec, lock } = inputs;
  const layers = planLayers(inputs, cache);
  const keys = layers.map(({ key }) => key);
  const parts = new Map(layers.map(({ name, parts: own }) => [name, own]));
  const image = imageKey(inputs, keys.at(-1) ?? '');
  parts.set('image', image.parts);
  const isUpToDate = image.key === cache.publishedKey;
  const why = isUpToDate
    ? 'the newest version is made of this'
    : explainChange(image.parts, cache.lastParts.get('image'));
  const state: StepState = { kind: isUpToDate ? 'cached' : 'run', why };
  const steps: BuildStep[] = [
    ...layers,
    { action: 'flatten', state, keys },
    { action: 'boot-files', state, boards: spec.boards, ipxe: lock.ipxe },
    { action: 'initramfs', state, boards: spec.boards, busybox: lock.busybox },
    { action: 'seal', state, sources: lock.sources },
    { action: 'lint', state, lookInside: foldersWithKeys },
    { action: 'publish', state, key: image.key },
  ];
  return { steps, key: image.key, isUpToDate, parts };
}

type LayerStep = Extract<BuildStep, { action: 'bootstrap' | 'layer' }>;

function planLayers(inputs: BuildInputs, cache: BuildCache): LayerStep[] {
  const steps: LayerStep[] = [];
  for (const [index, { name, packages }] of inputs.lock.layers.entries()) {
    const parents = steps.map(({ key }) => key);
    const layer = index === 0 ? undefined : inputs.spec.layers[index - 1];
    const wanted = layerKey(inputs, { name, packages, layer }, parents.at(-1));
    const key = chooseLayerKey(wanted.key, cache.registry, cache.layers);
    const state = layerState({ key, parts: wanted.parts }, name, cache);
    const place = { name, key, wanted: wanted.key, parts: wanted.parts, parents, packages, state };
    if (layer === undefined) steps.push({ action: 'bootstrap', ...place });
    else steps.push({ action: 'layer', ...place, files: layer.files, run: layer.run, network: layer.network });
  }
  return steps;
}

function layerKey(
  { spec, layerFiles }: BuildInputs,
  content: { name: string; packages: readonly LockedPackage[]; layer: Layer | undefined },
  parent: string | undefined,
): CacheKey {
  const { name, packages, layer } = content;
  if (layer === undefined || parent === undefined) {
    return cacheKey({ step: 'bootstrap', suite: spec.base.apt.suite, packages: packagesDigest(packages) });
  }
  const { files, run, network } = layer;
  return cacheKey({
    step: canonicalJson({ files: files ?? '', run, network }),
    packages: packagesDigest(packages),
    files: layerFiles.get(name) ?? '',
    parent,
  });
}

function layerState({ key, parts }: CacheKey, name: string, cache: BuildCache): StepState {
  if (cache.layers.has(key)) return { kind: 'cached', why: 'nothing that goes into it changed' };
  return { kind: 'run', why: explainChange(parts, cache.lastParts.get(name)) };
}

function imageKey({ spec, lock, bootInputs }: BuildInputs, lastLayer: string): CacheKey {
  return cacheKey({
    step: 'image',
    parent: lastLayer,
    boards: spec.boards.join(' '),
    busybox: lock.busybox.sha256,
    ...(lock.ipxe !== undefined && { ipxe: lock.ipxe.sha256 }),
    initramfs: bootInputs,
    drivers: driversDigest,
    seal: sealDigest,
    sources: sha256(canonicalJson(lock.sources)),
  });
}

/** Which modules go into the initramfs of which board. */
const driversDigest = sha256(
  canonicalJson({ cardModules, squashModules, boards: boardNames.map((name) => boards[name].networkModules) }),
);

/** What a person reads for a step. */
export function stepTitle(step: BuildStep): string {
  switch (step.action) {
    case 'bootstrap':
      return `base of ${step.packages.length} packages`;
    case 'layer':
      return `layer ${step.name}${describeLayer(step)}`;
    case 'flatten':
      return `one tree of ${step.keys.length} layers`;
    case 'boot-files':
      return `boot files for ${step.boards.join(', ')}`;
    case 'initramfs':
      return 'initramfs';
    case 'seal':
      return 'seal: no secrets, no identity, nothing that needs a disk';
    case 'lint':
      return 'look for secrets';
    case 'publish':
      return 'publish';
    default:
      return step satisfies never;
  }
}

function describeLayer({ packages, files, run }: Extract<BuildStep, { action: 'layer' }>): string {
  const content = [
    ...(packages.length > 0 ? [`${packages.length} packages`] : []),
    ...(files === undefined ? [] : [`files from ${files}`]),
    ...run,
  ];
  return content.length === 0 ? '' : `: ${content.join(', ')}`;
}

/** Lines for `--plan`; with reasons for `--explain`. */
export function renderPlan(plan: BuildPlan, withReasons: boolean): string {
  return plan.steps
    .map((step, index) => {
      const verb = step.state.kind === 'cached' ? 'cached' : 'run   ';
      const why = withReasons ? `\n             ${step.state.why}` : '';
      return `${String(index + 1).padStart(2)}. ${verb}  ${stepTitle(step)}${why}\n`;
    })
    .join('');
}
