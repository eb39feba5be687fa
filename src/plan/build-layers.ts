/** The layers of an image as steps: what each is made of, under which key it lies, and whether it is there already. */
import type { ResolvedBase } from '../model/image-base.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import type { LockedPackage, PackageLock } from '../model/package-lock.ts';
import {
  cacheKey,
  explainChange,
  packagesDigest,
  packageVersions,
  type KeyDetails,
  type KeyParts,
} from './cache-key.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { chooseLayerKey, fitsFamily, type CachedLayers, type IdMap } from './id-registry.ts';
import { layerPieces, updatesLayer, updatesPiece, type LayerPiece, type PieceContent } from './layer-pieces.ts';

interface LayerPlace {
  readonly name: string;
  readonly key: string;
  /** What was asked for; differs from `key` where another image's layer has other user numbers. */
  readonly wanted: string;
  readonly parts: KeyParts;
  readonly details: KeyDetails;
  /** Keys of the layers below, the base first. */
  readonly parents: readonly string[];
}

export type StepState =
  { readonly kind: 'run'; readonly why: string } | { readonly kind: 'cached'; readonly why: string };

interface LayerArgs {
  bootstrap: LayerPlace & { readonly packages: readonly LockedPackage[] };
  unpack: LayerPlace & { readonly base: ResolvedBase };
  layer: LayerPlace & PieceContent & { readonly layer: string };
}
export type LayerAction = keyof LayerArgs;
export type LayerStep = {
  [A in LayerAction]: { readonly action: A; readonly state: StepState } & Readonly<LayerArgs[A]>;
}[LayerAction];

/** What a layer takes from beside image.yaml: path -> digest. */
export interface LayerInputs {
  /** Everything that its programs see; undefined when it has none. */
  readonly run: Readonly<Record<string, string>> | undefined;
  readonly files: Readonly<Record<string, string>> | undefined;
}

export interface LayersAsked {
  readonly spec: ImageSpec;
  readonly lock: PackageLock;
  /** By name of the layer. */
  readonly layerInputs: ReadonlyMap<string, LayerInputs>;
}

export interface LayersCached {
  /** Complete layers by key, with the user and group numbers each ends with. */
  readonly layers: CachedLayers;
  /** Numbers that this image family has given out so far. */
  readonly registry: IdMap;
  /** Key parts of the last build, by step name. */
  readonly lastParts: ReadonlyMap<string, KeyParts>;
  /** What they were digests of. */
  readonly lastDetails: ReadonlyMap<string, KeyDetails>;
}

export function planLayers(asked: LayersAsked, cache: LayersCached): LayerStep[] {
  const steps = [baseStep(asked, cache)];
  for (const piece of imagePieces(asked)) steps.push(layerStep(piece, steps, { asked, cache }));
  return steps;
}

function baseStep({ spec, lock }: LayersAsked, cache: LayersCached): LayerStep {
  const packages = lock.layers[0]?.packages ?? [];
  if (lock.base !== undefined) return planUnpack(lock.base, cache);
  const suite = 'apt' in spec.base ? spec.base.apt.suite : '';
  const parts = { step: 'bootstrap', suite, packages: packagesDigest(packages) };
  const details = { packages: packageVersions(packages) };
  return { action: 'bootstrap', packages, ...placeStep({ name: 'base', parts, details }, [], cache) };
}

export function planUnpack(base: ResolvedBase, cache: LayersCached): Extract<LayerStep, { action: 'unpack' }> {
  return { action: 'unpack', base, ...placeStep({ name: 'base', parts: unpackParts(base), details: {} }, [], cache) };
}

const unpackParts = ({ kind, digest }: ResolvedBase): KeyParts => ({ step: 'unpack', kind, content: digest });

/** What a layer with this base says under `wanted`. */
export function wantedOfBase(base: ResolvedBase): string {
  return cacheKey(unpackParts(base)).key;
}

/** From the bottom to the top. */
function imagePieces({ spec, lock }: Pick<LayersAsked, 'spec' | 'lock'>): LayerPiece[] {
  const locked = new Map(lock.layers.slice(1).map((layer) => [layer.name, layer]));
  const pieces = spec.layers.flatMap((layer) => {
    const { packages = [], removes = [] } = locked.get(layer.name) ?? {};
    return layerPieces(layer, { packages, removes });
  });
  const updates = locked.get(updatesLayer);
  if (updates === undefined) return pieces;
  const last = pieces.findLastIndex(({ content }) => content.packages.length > 0);
  return pieces.toSpliced(last + 1, 0, updatesPiece(updates.packages, updates.removes ?? []));
}

function layerStep(
  { name, layer, content }: LayerPiece,
  below: readonly LayerStep[],
  { asked, cache }: { asked: LayersAsked; cache: LayersCached },
): LayerStep {
  const inputs = asked.layerInputs.get(layer);
  const files = content.run.length > 0 ? inputs?.run : content.files === undefined ? undefined : inputs?.files;
  const { packages, removes, ...settings } = content;
  const parts = {
    step: canonicalJson({ removes, ...settings, users: settings.users.map(withoutHash) }),
    ...(packages.length > 0 && { packages: packagesDigest(packages) }),
    ...(files !== undefined && { files: sha256(canonicalJson(files)) }),
  };
  const details = {
    ...(packages.length > 0 && { packages: packageVersions(packages) }),
    ...(files !== undefined && { files }),
  };
  return { action: 'layer', layer, ...content, ...placeStep({ name, parts, details }, below, cache) };
}

/** Records of builds may be read by more people than shadow. */
function withoutHash(user: PieceContent['users'][number]): object {
  const { passwordHash, ...rest } = user;
  return passwordHash === undefined ? rest : { ...rest, password: sha256(passwordHash) };
}

/** @param step without what lies below it */
function placeStep(
  step: { name: string; parts: KeyParts; details: KeyDetails },
  below: readonly LayerStep[],
  cache: LayersCached,
): LayerPlace & { readonly state: StepState } {
  const parents = below.map(({ key }) => key);
  const parent = parents.at(-1);
  const wanted = cacheKey({ ...step.parts, ...(parent !== undefined && { parent }) });
  const place = { ...step, wanted: wanted.key, parts: wanted.parts, parents };
  const key = chooseLayerKey(wanted.key, cache.registry, cache.layers);
  if (cache.layers.has(key)) {
    return { ...place, key, state: { kind: 'cached', why: 'nothing that goes into it changed' } };
  }
  const same = findSameContent(step.parts, parents, cache);
  if (same !== undefined) {
    return {
      ...place,
      key: same,
      state: { kind: 'cached', why: 'what lies below it was made anew, with the same content' },
    };
  }
  const before = { parts: cache.lastParts.get(step.name), details: cache.lastDetails.get(step.name) };
  return {
    ...place,
    key,
    state: {
      kind: 'run',
      why: explainChange({ ...step, parts: { ...wanted.parts, ...sameBelow(before.parts, parent, cache) } }, before),
    },
  };
}

/** The parent of the last build instead of one made anew that holds the same: it is no reason to make this layer again. */
function sameBelow(
  before: KeyParts | undefined,
  parent: string | undefined,
  { layers }: LayersCached,
): { readonly parent?: string } {
  const last = before?.['parent'];
  if (last === undefined || parent === undefined) return {};
  const content = layers.get(parent)?.content;
  return content !== undefined && content === layers.get(last)?.content ? { parent: last } : {};
}

/** A layer that was made of the same, on other layers that hold the same. */
function findSameContent(parts: KeyParts, parents: readonly string[], cache: LayersCached): string | undefined {
  const contents = parents.map((key) => cache.layers.get(key)?.content);
  const wanted = parents.length === 0 ? undefined : contentKey(parts, contents);
  if (wanted === undefined) return undefined;
  return [...cache.layers].find(([, layer]) => layer.contentKey === wanted && fitsFamily(cache.registry, layer))?.[0];
}

/** @param contents digests of the layers below; undefined where one does not know its own */
export function contentKey(parts: KeyParts, contents: readonly (string | undefined)[]): string | undefined {
  if (contents.includes(undefined)) return undefined;
  const { engine: _engine, parent: _parent, ...own } = parts;
  return cacheKey({ ...own, below: sha256(canonicalJson(contents)) }).key;
}
