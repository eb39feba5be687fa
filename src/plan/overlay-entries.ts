/** The entries of a role's overlays on an image, with modes and owners: the same for all nodes of the role. */
import { unreachable } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { OverlaySource, OverlaySourceFile } from '../model/overlay-source.ts';
import { mergeOverlays, type MergedOverlays, type OverlayEntry } from './overlay-merge.ts';
import { refuseLinkedPath, resolveOwner } from './overlay-owner.ts';
import { liveOnlyNames } from './overlay-variables.ts';

/** The same object for the same content: many nodes have it. */
type FileWith = (bytes: Uint8Array) => NodeFile;

interface Placed {
  readonly entry: OverlayEntry;
}

export type PlacedEntry = Placed &
  (
    | { readonly kind: 'fixed'; readonly file: NodeFile }
    | { readonly kind: 'secret'; readonly secret: string; readonly fileWith: FileWith }
    | {
        readonly kind: 'template';
        readonly key: Extract<OverlaySourceFile, { kind: 'file' }>;
        /** As the administrator finds it. */
        readonly source: string;
        /** Variables that others see -> why this one does not. */
        readonly notHere: Readonly<Record<string, string>>;
        readonly fileWith: FileWith;
      }
  );

interface PlacedFrozen {
  readonly remove: readonly NodeFile[];
  readonly entries: readonly PlacedEntry[];
}

/** Sorted by path. Each half fails by itself: a generation needs no owner of a live file. */
interface Known {
  frozen?: PlacedFrozen;
  live?: readonly PlacedEntry[];
}

/** By the overlays of a role and its image: worked out once for all nodes. */
const placed = new WeakMap<MergedOverlays, WeakMap<ImageManifest, Known>>();

export function placeFrozen(overlays: readonly OverlaySource[], manifest: ImageManifest): PlacedFrozen {
  const { merged, known } = knownFor(overlays, manifest);
  if (known.frozen === undefined) {
    for (const glob of merged.remove) refuseLinkedPath(glob, manifest, `remove: ${glob}`);
    const remove = merged.remove.map((glob): NodeFile => ({ kind: 'remove', glob }));
    const entries = merged.entries.filter(({ live }) => !live).map((entry) => placeEntry(entry, manifest));
    known.frozen = { remove, entries };
  }
  return known.frozen;
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
  const { path } = entry;
  refuseLinkedPath(path, manifest, source);
  if (entry.kind === 'link') return { kind: 'fixed', entry, file: { kind: 'link', path, target: entry.target } };
  const owner = resolveOwner(entry.spec?.owner ?? 'root', manifest, source);
  const attributes = { path, mode: Number.parseInt(entry.spec?.mode ?? modeOf(entry), 8), ...owner };
  switch (entry.kind) {
    case 'directory':
      return { kind: 'fixed', entry, file: { kind: 'directory', ...attributes } };
    case 'secret': {
      const fileWith = onceEach((bytes) => ({ kind: 'file', ...attributes, isSecret: true, bytes }));
      return { kind: 'secret', entry, secret: entry.secret, fileWith };
    }
    case 'file': {
      const { text: key } = entry;
      const fileWith = onceEach((bytes) => ({ kind: 'file', ...attributes, bytes }));
      if (!key.isTemplate) return { kind: 'fixed', entry, file: fileWith(key.bytes) };
      const notHere = entry.live ? withoutCa : notFrozen(entry);
      return { kind: 'template', entry, key, source, notHere, fileWith };
    }
    default:
      return unreachable(entry);
  }
}

function onceEach(make: FileWith): FileWith {
  const made = new WeakMap<Uint8Array, NodeFile>();
  return (bytes) => {
    const file = made.get(bytes) ?? make(bytes);
    made.set(bytes, file);
    return file;
  };
}

function modeOf(entry: Exclude<OverlayEntry, { kind: 'link' }>): string {
  return entry.kind === 'file' && entry.text.isExecutable ? defaultMode.program : defaultMode[entry.kind];
}

/** As the administrator finds it. */
export function sourceOf(entry: OverlayEntry): string {
  const isTemplate = entry.kind === 'file' && entry.text.isTemplate;
  return `overlays/${entry.overlay}/files/${entry.path}${isTemplate ? '.hbs' : ''}`;
}

function notFrozen(entry: OverlayEntry): Readonly<Record<string, string>> {
  const reason =
    `It changes with other nodes, so only live files see it: write "${entry.path}: { live: true }" ` +
    `under files: in overlays/${entry.overlay}/overlay.yaml.`;
  return Object.fromEntries(liveOnlyNames.map((name) => [name, reason]));
}

const withoutCa = { ssh: 'Write needs: { secrets: [sshCaPublicKey] } in overlay.yaml.' };
