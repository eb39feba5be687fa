/** The entries of a role's overlays on an image, with modes and owners: the same for all nodes of the role. */
import { unreachable } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import { mergeOverlays, type MergedOverlays, type OverlayEntry } from './overlay-merge.ts';
import { refuseLinkedPath, resolveOwner } from './overlay-owner.ts';

type FileEntry = Extract<OverlayEntry, { kind: 'file' }>;

interface Attributes {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

interface Owned {
  readonly attributes: Attributes;
  /** As the administrator finds it. */
  readonly source: string;
}

export type PlacedEntry =
  | (Owned & { readonly kind: 'file'; readonly entry: FileEntry })
  | (Owned & { readonly kind: 'secret'; readonly entry: Extract<OverlayEntry, { kind: 'secret' }> })
  | (Owned & { readonly kind: 'directory'; readonly entry: Extract<OverlayEntry, { kind: 'directory' }> })
  | { readonly kind: 'link'; readonly entry: Extract<OverlayEntry, { kind: 'link' }> };

/** Both sorted by path. Each half fails by itself: a generation needs no owner of a live file. */
interface Known {
  frozen?: readonly PlacedEntry[];
  live?: readonly PlacedEntry[];
}

/** By the overlays of a role and its image: worked out once for all nodes. */
const placed = new WeakMap<MergedOverlays, WeakMap<ImageManifest, Known>>();

export function placeFrozen(overlays: readonly OverlaySource[], manifest: ImageManifest) {
  const { merged, known } = knownFor(overlays, manifest);
  if (known.frozen === undefined) {
    for (const glob of merged.remove) refuseLinkedPath(glob, manifest, `remove: ${glob}`);
    known.frozen = merged.entries.filter(({ live }) => !live).map((entry) => placeEntry(entry, manifest));
  }
  return { remove: merged.remove, entries: known.frozen };
}

export function placeLive(overlays: readonly OverlaySource[], manifest: ImageManifest): readonly PlacedEntry[] {
  const { merged, known } = knownFor(overlays, manifest);
  return (known.live ??= merged.entries.filter(({ live }) => live).map((entry) => placeEntry(entry, manifest)));
}

function knownFor(overlays: readonly OverlaySource[], manifest: ImageManifest) {
  const merged = mergeOverlays(overlays);
  const ofMerged = placed.get(merged) ?? new WeakMap<ImageManifest, Known>();
  placed.set(merged, ofMerged);
  const known: Known = ofMerged.get(manifest) ?? {};
  ofMerged.set(manifest, known);
  return { merged, known };
}

const defaultMode = { file: '0644', program: '0755', secret: '0600', directory: '0755' } as const;

function placeEntry(entry: OverlayEntry, manifest: ImageManifest): PlacedEntry {
  const source = sourceOf(entry);
  refuseLinkedPath(entry.path, manifest, source);
  if (entry.kind === 'link') return { kind: 'link', entry };
  const owner = resolveOwner(entry.spec?.owner ?? 'root', manifest, source);
  const attributes = { path: entry.path, mode: Number.parseInt(entry.spec?.mode ?? modeOf(entry), 8), ...owner };
  switch (entry.kind) {
    case 'directory':
      return { kind: 'directory', entry, attributes, source };
    case 'secret':
      return { kind: 'secret', entry, attributes, source };
    case 'file':
      return { kind: 'file', entry, attributes, source };
    default:
      return unreachable(entry);
  }
}

function modeOf(entry: Exclude<OverlayEntry, { kind: 'link' }>): string {
  return entry.kind === 'file' && entry.text.isExecutable ? defaultMode.program : defaultMode[entry.kind];
}

/** As the administrator finds it. */
export function sourceOf(entry: OverlayEntry): string {
  const isTemplate = entry.kind === 'file' && entry.text.isTemplate;
  return `overlays/${entry.overlay}/files/${entry.path}${isTemplate ? '.hbs' : ''}`;
}
