/** What was read again and says the same stays the same object, so that nothing that was made of it is made again. */
import type { OverlaySource, OverlaySourceFile } from '../model/overlay-source.ts';
import type { MadeRoots } from '../model/root-mode.ts';
import { isSameList } from '../model/same-list.ts';
import type { ClusterView } from '../model/view.ts';

type Config = Pick<ClusterView, 'cluster' | 'overlays' | 'boardTemplates'>;

export function keepSame(before: Config, now: Config): Config {
  return {
    ...now,
    cluster: isSameText(before.cluster, now.cluster) ? before.cluster : now.cluster,
    overlays: keepSameEntries(before.overlays, now.overlays, keepSameOverlay),
    boardTemplates: keepSameEntries(before.boardTemplates, now.boardTemplates, (old, next) =>
      isSameText({ ...old, texts: [...(old.texts ?? [])] }, { ...next, texts: [...(next.texts ?? [])] }) ? old : next,
    ),
  };
}

/** A version never changes once it has a name. */
export function keepSameImages(before: ClusterView['images'], now: ClusterView['images']): ClusterView['images'] {
  return keepSameEntries(before, now, (old, next) => {
    const known = new Map(old.map((manifest) => [`${manifest.version} ${manifest.key} ${manifest.builtAt}`, manifest]));
    const kept = next.map(
      (manifest) => known.get(`${manifest.version} ${manifest.key} ${manifest.builtAt}`) ?? manifest,
    );
    return isSameList(old, kept) ? old : kept;
  });
}

/** What was made of them for other root modes. */
export function keepSameRoots(before: MadeRoots | undefined, now: MadeRoots | undefined): MadeRoots | undefined {
  return isSameText(asLists(before), asLists(now)) ? before : now;
}

const asLists = (roots: MadeRoots = noRoots) => Object.entries(roots).map(([part, made]) => [part, [...(made ?? [])]]);

const noRoots: MadeRoots = { squashes: new Map(), trees: new Map() };

function keepSameEntries<K, V>(
  before: ReadonlyMap<K, V>,
  now: ReadonlyMap<K, V>,
  keep: (old: V, next: V) => V,
): ReadonlyMap<K, V> {
  const kept = [...now].map(([key, next]): [K, V] => {
    const old = before.get(key);
    return [key, old === undefined ? next : keep(old, next)];
  });
  return isSameList([...before].flat(), kept.flat()) ? before : new Map(kept);
}

/** A file that did not change is the same object also where its overlay did: its template is compiled, and rendered. */
function keepSameOverlay(old: OverlaySource, next: OverlaySource): OverlaySource {
  const known = new Map(old.files.map((file) => [file.path, file]));
  const files = next.files.map((file) => {
    const before = known.get(file.path);
    return before !== undefined && isSameFile(before, file) ? before : file;
  });
  const isSame = isSameList(old.files, files) && isSameText(old.spec, next.spec);
  return isSame ? old : { ...next, files };
}

export function isSameFile(one: OverlaySourceFile, other: OverlaySourceFile): boolean {
  if (one.kind === 'link' || other.kind === 'link') return isSameText(one, other);
  const isSameKind = one.isTemplate === other.isTemplate && one.isExecutable === other.isExecutable;
  return isSameKind && Buffer.compare(one.bytes, other.bytes) === 0;
}

const isSameText = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
