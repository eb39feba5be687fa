/** What do layers show together? As overlayfs would, from their indexes alone. */
import type { IndexEntry, LayerIndex } from '../model/tree-index.ts';

/** @param layers the base first. @returns sorted by path, each entry with the number of its layer */
export function mergeLayers(layers: readonly Pick<LayerIndex, 'entries' | 'whiteouts' | 'opaque'>[]): IndexEntry[] {
  const merged = new Map<string, IndexEntry>();
  for (const [layer, index] of layers.entries()) {
    hide(merged, index);
    for (const entry of index.entries) merged.set(entry.path, { ...entry, ...inLayer(entry, layer) });
  }
  return numberGroups([...merged.values()].toSorted(byPath));
}

function byPath(one: Pick<IndexEntry, 'path'>, other: Pick<IndexEntry, 'path'>): number {
  return one.path < other.path ? -1 : 1;
}

/** Numbers of one file's names are a layer's own: those of different layers must not meet. */
function inLayer(entry: IndexEntry, layer: number): { layer: number; group?: number } {
  if (entry.kind !== 'file' || entry.group === undefined) return { layer };
  return { layer, group: entry.group * maxLayers + layer };
}

/** overlayfs takes 500 lower folders. */
const maxLayers = 1000;

function hide(
  merged: Map<string, IndexEntry>,
  { entries, whiteouts, opaque }: Pick<LayerIndex, 'entries' | 'whiteouts' | 'opaque'>,
): void {
  // What stands where a folder was takes the folder's content with it.
  const replaced = entries.flatMap(({ path, kind }) =>
    kind !== 'folder' && merged.get(path)?.kind === 'folder' ? [path] : [],
  );
  const emptied = new Set([...whiteouts, ...opaque, ...replaced]);
  if (emptied.size === 0) return;
  const gone = new Set(whiteouts);
  for (const path of merged.keys()) if (gone.has(path) || isBelow(path, emptied)) merged.delete(path);
}

function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  if (path !== '.' && folders.has('.')) return true;
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (folders.has(path.slice(0, end))) return true;
  }
  return false;
}

/** Counted anew in the order of paths; what has one name left is no group. */
function numberGroups(entries: readonly IndexEntry[]): IndexEntry[] {
  const names = new Map<number, number>();
  for (const entry of entries) {
    if (entry.kind === 'file' && entry.group !== undefined) names.set(entry.group, (names.get(entry.group) ?? 0) + 1);
  }
  const numbers = new Map<number, number>();
  return entries.map((entry) => {
    if (entry.kind !== 'file' || entry.group === undefined) return entry;
    const { group, ...alone } = entry;
    if ((names.get(group) ?? 0) < 2) return alone;
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return { ...alone, group: number };
  });
}

/** Times of what a build made are those of the build: they become the layer's own, so that another build gets the same. */
export function clampLayerTimes(entries: readonly IndexEntry[], epochSeconds: number): IndexEntry[] {
  const shipped = entries.flatMap(({ kind, time }) => (kind === 'file' && time <= epochSeconds ? [time] : []));
  const limit = shipped.reduce((newest, time) => Math.max(newest, time), Number.NEGATIVE_INFINITY);
  const made = Number.isFinite(limit) ? limit : epochSeconds;
  return entries.map((entry) => (entry.time <= epochSeconds ? entry : { ...entry, time: made }));
}
