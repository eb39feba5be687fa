/** A role's overlays laid over each other, before anything is rendered: which overlay gives which path. */
import { ConfigError } from '../model/errors.ts';
import type { OverlayFile } from '../model/overlay-spec.ts';
import type { OverlaySource, OverlaySourceFile } from '../model/overlay-source.ts';
import { unitLinks, unitStates } from './overlay-units.ts';

type SourceText = Extract<OverlaySourceFile, { kind: 'file' }>;

interface Place {
  readonly path: string;
  readonly overlay: string;
  /** Always current; not part of the generation. */
  readonly live: boolean;
}

export type OverlayEntry =
  | (Place & { readonly kind: 'file'; readonly text: SourceText; readonly spec: OverlayFile | undefined })
  | (Place & { readonly kind: 'secret'; readonly secret: string; readonly spec: OverlayFile })
  | (Place & { readonly kind: 'directory'; readonly spec: OverlayFile })
  | (Place & { readonly kind: 'link'; readonly target: string });

export interface MergedOverlays {
  /** Sorted by path. */
  readonly entries: readonly OverlayEntry[];
  /** What the image has there is taken away. Sorted. */
  readonly remove: readonly string[];
}

interface Remembered {
  merged?: MergedOverlays;
  readonly next: WeakMap<OverlaySource, Remembered>;
}

/** By the overlays, one after the other: all nodes of a role have the same. */
const remembered: Remembered = { next: new WeakMap() };

/** @param overlays in the role's order: a later one wins, path by path */
export function mergeOverlays(overlays: readonly OverlaySource[]): MergedOverlays {
  let at = remembered;
  for (const overlay of overlays) {
    const next = at.next.get(overlay) ?? { next: new WeakMap() };
    at.next.set(overlay, next);
    at = next;
  }
  return (at.merged ??= merge(overlays));
}

function merge(overlays: readonly OverlaySource[]): MergedOverlays {
  const merged = new Map<string, OverlayEntry>();
  for (const overlay of overlays) {
    for (const path of merged.keys()) if (isRemoved(path, overlay.spec.remove)) merged.delete(path);
    for (const entry of entriesOf(overlay)) merged.set(entry.path, entry);
  }
  for (const link of unitLinks(unitStates(overlays), new Set(merged.keys()))) {
    merged.set(link.path, { kind: 'link', overlay: 'units', live: false, ...link });
  }
  const entries = [...merged.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  refuseFilesAsFolders(entries);
  return { entries, remove: [...new Set(overlays.flatMap(({ spec }) => spec.remove))].toSorted() };
}

export function entriesOf({ name, spec, files }: OverlaySource): OverlayEntry[] {
  const fromFiles = files.map((file): OverlayEntry => {
    const own = spec.files[file.path];
    const place = { path: file.path, overlay: name, live: own?.live ?? false };
    return file.kind === 'link'
      ? { kind: 'link', ...place, target: file.target }
      : { kind: 'file', ...place, text: file, spec: own };
  });
  const paths = new Set(files.map((file) => file.path));
  const fromSpec = Object.entries(spec.files)
    .filter(([path]) => !paths.has(path))
    .map(([path, own]) => entryWithoutFile(path, own, name));
  return [...fromFiles, ...fromSpec];
}

function entryWithoutFile(path: string, spec: OverlayFile, overlay: string): OverlayEntry {
  const { secret, live } = spec;
  if (secret === undefined) return { kind: 'directory', path, overlay, live, spec };
  return { kind: 'secret', path, overlay, live: true, secret, spec };
}

/** A glob takes a folder with all that is in it. */
export function isRemoved(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => new RegExp(`^${regexOf(glob)}(?:/|$)`).test(path));
}

function regexOf(glob: string): string {
  return glob
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
}

function refuseFilesAsFolders(entries: readonly OverlayEntry[]): void {
  const files = new Map(entries.filter(({ kind }) => kind !== 'directory').map((entry) => [entry.path, entry]));
  for (const entry of entries) {
    const parent = parentsOf(entry.path).find((path) => files.has(path));
    if (parent === undefined) continue;
    throw new ConfigError(
      `the overlay ${entry.overlay} brings ${entry.path}, but ${parent} is a file of the overlay ${files.get(parent)?.overlay}`,
      { hint: 'Rename one of the two, or take one overlay away from the role.' },
    );
  }
}

/** `a/b/c` -> `a/b`, `a`. */
export function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, parts.length - 1 - index).join('/'));
}
