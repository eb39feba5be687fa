/** The steps of a build as data, from what is asked, what is locked and what the cache holds. `--plan` prints them. */
import { type BoardName, boardNames, boards } from '../model/board.ts';
import type { ArchiveSource, LockedPackage } from '../model/package-lock.ts';
import {
  planLayers,
  type LayerAction,
  type LayersAsked,
  type LayersCached,
  type LayerStep,
  type StepState,
} from './build-layers.ts';
import { cacheKey, explainChange, type CacheKey, type KeyDetails, type KeyParts } from './cache-key.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { cardModules, squashModules } from './initramfs.ts';
import { sealDigest } from './seal.ts';
import { foldersWithKeys } from './secret-lint.ts';

type LayerStepArgs = { [A in LayerAction]: Omit<Extract<LayerStep, { action: A }>, 'action' | 'state'> };

export interface BuildStepArgs extends LayerStepArgs {
  flatten: { readonly keys: readonly string[] };
  'boot-files': {
    readonly boards: readonly BoardName[];
    readonly ipxe: LockedPackage | undefined;
    /** Over all that they and the initramfs are made of, beside the root. */
    readonly key: string;
  };
  initramfs: {
    readonly boards: readonly BoardName[];
    readonly busybox: LockedPackage;
    /** Beside those that the boards need. */
    readonly modules: readonly string[];
  };
  seal: {
    /** None where the base brings its own along. */
    readonly sources: readonly ArchiveSource[];
    /** Units that image.yaml enables: what it says counts more than what most images need. */
    readonly enabled: readonly string[];
    /** Rules that image.yaml switches off. */
    readonly keep: readonly string[];
  };
  /** Files below these folders are also read for private keys. */
  lint: { readonly lookInside: readonly string[] };
  publish: { readonly key: string };
}
export type BuildAction = keyof BuildStepArgs;
export type BuildStep = {
  [A in BuildAction]: { readonly action: A; readonly state: StepState } & Readonly<BuildStepArgs[A]>;
}[BuildAction];

export interface BuildInputs extends LayersAsked {
  /** Digest of boot/initramfs and of whatever else makes the boot files. */
  readonly bootInputs: string;
  /** A version is made though the newest one is made of the same. */
  readonly isAskedAgain?: boolean;
}

export interface BuildCache extends LayersCached {
  /** manifest.key of the newest published version. */
  readonly publishedKey: string | undefined;
}

export interface BuildPlan {
  readonly steps: readonly BuildStep[];
  /** Over everything; equal keys mean equal images. */
  readonly key: string;
  readonly isUpToDate: boolean;
  /** By step name, for the record that the next build is explained with. */
  readonly parts: ReadonlyMap<string, KeyParts>;
  readonly details: ReadonlyMap<string, KeyDetails>;
}

export function planBuild(inputs: BuildInputs, cache: BuildCache): BuildPlan {
  const { spec, lock } = inputs;
  const layers = planLayers(inputs, cache);
  const keys = layers.map(({ key }) => key);
  const image = imageKey(inputs, whatLiesBelow(keys, cache));
  const isSame = image.key === cache.publishedKey;
  const isUpToDate = isSame && inputs.isAskedAgain !== true;
  const before = { parts: cache.lastParts.get('image'), details: undefined };
  const changed = () => explainChange({ parts: image.parts, details: undefined }, before);
  const asIs = isUpToDate
    ? 'the newest version is made of this'
    : 'the newest version is made of this; --again asks for another';
  const why = isSame ? asIs : changed();
  const state: StepState = { kind: isUpToDate ? 'cached' : 'run', why };
  const { modules } = spec.initramfs;
  const steps: BuildStep[] = [
    ...layers,
    { action: 'flatten', state, keys },
    { action: 'boot-files', state, boards: spec.boards, ipxe: lock.ipxe, key: cacheKey(bootParts(inputs)).key },
    { action: 'initramfs', state, boards: spec.boards, busybox: lock.busybox, modules },
    { action: 'seal', state, ...planSeal(spec, lock) },
    { action: 'lint', state, lookInside: foldersWithKeys },
    { action: 'publish', state, key: image.key },
  ];
  return {
    steps,
    key: image.key,
    isUpToDate,
    parts: new Map([...layers.map(({ name, parts }) => [name, parts] as const), ['image', image.parts]]),
    details: new Map(layers.map(({ name, details }) => [name, details])),
  };
}

/** What the layers hold, where all of them know it: one that was made anew may hold what it held before. */
function whatLiesBelow(keys: readonly string[], { layers }: BuildCache): string {
  const contents = keys.map((key) => layers.get(key)?.content);
  return contents.includes(undefined) ? (keys.at(-1) ?? '') : sha256(canonicalJson(contents));
}

/** Also asked where a tree is sealed again, which somebody else has built. */
export function planSeal(spec: BuildInputs['spec'], lock: BuildInputs['lock']): BuildStepArgs['seal'] {
  return {
    sources: lock.base === undefined ? lock.sources : [],
    enabled: enabledUnits(spec),
    keep: spec.diskless.keep,
  };
}

/** `slurmd` is `slurmd.service`, as systemctl reads it. */
function enabledUnits({ layers }: BuildInputs['spec']): string[] {
  return layers.flatMap(({ units }) => units.enable.map((name) => (/\.[a-z]+$/.test(name) ? name : `${name}.service`)));
}

function imageKey(inputs: BuildInputs, below: string): CacheKey {
  const { spec, lock } = inputs;
  const { kernel, diskless } = spec;
  return cacheKey({
    step: 'image',
    parent: below,
    ...bootParts(inputs),
    ...(kernel.arguments.length > 0 && { kernelArguments: kernel.arguments.join(' ') }),
    seal: sealDigest,
    ...(diskless.keep.length > 0 && { 'diskless.keep': [...new Set(diskless.keep)].toSorted().join(' ') }),
    sources: sha256(canonicalJson(lock.sources)),
  });
}

/** What boot files and initramfs are made of, beside the root. */
function bootParts({ spec, lock, bootInputs }: BuildInputs): KeyParts {
  const { modules } = spec.initramfs;
  return {
    boards: spec.boards.join(' '),
    busybox: lock.busybox.sha256,
    ...(lock.ipxe !== undefined && { ipxe: lock.ipxe.sha256 }),
    ...(modules.length > 0 && { modules: modules.join(' ') }),
    initramfs: bootInputs,
    drivers: driversDigest,
  };
}

/** Which modules go into the initramfs of which board. */
const driversDigest = sha256(
  canonicalJson({ cardModules, squashModules, boards: boardNames.map((name) => boards[name].networkModules) }),
);
