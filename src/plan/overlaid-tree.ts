/** A tree with the overlays of a role over it, as the rules of the seal see it. Templates are looked at as they were written. */
import type { OverlaySource } from '../model/overlay-source.ts';
import { unitLinks, unitStates } from './overlay-units.ts';
import { matchesGlob } from './seal-rule.ts';
import type { SealEntry, SealTree } from './seal-tree.ts';

interface LaidEntry {
  readonly entry: SealEntry;
  readonly text: string;
  readonly overlay: string;
}

export interface OverlaidTree extends SealTree {
  /** Which overlay a path comes from. */
  readonly overlayOf: (path: string) => string | undefined;
}

/** @param overlays in the order of the role: a later one's file wins */
export function overlayTree(below: SealTree, overlays: readonly OverlaySource[]): OverlaidTree {
  const laid = layEntries(overlays);
  const globs = overlays.flatMap(({ spec }) => spec.remove);
  const isRemoved = (path: string) => globs.some((glob) => !glob.includes('?') && matchesGlob(path, glob));
  const names = (folder: string) => {
    const start = folder === '' ? 0 : folder.length + 1;
    const added = [...laid.keys()].filter((path) => folder === '' || path.startsWith(`${folder}/`));
    const kept = below.names(folder).filter((name) => !isRemoved(folder === '' ? name : `${folder}/${name}`));
    return [...new Set([...kept, ...added.map((path) => path.slice(start).split('/')[0] ?? '')])].toSorted();
  };
  return {
    entry: (path) => laid.get(path)?.entry ?? (isRemoved(path) ? undefined : below.entry(path)),
    names,
    text: (path) => laid.get(path)?.text ?? below.text(path),
    capabilities: below.capabilities,
    overlayOf: (path) => laid.get(path)?.overlay,
  };
}

function layEntries(overlays: readonly OverlaySource[]): Map<string, LaidEntry> {
  const laid = new Map<string, LaidEntry>();
  for (const { name, files, spec } of overlays) {
    for (const file of files) {
      const mode = Number.parseInt(spec.files[file.path]?.mode ?? '', 8);
      laid.set(file.path, { ...entryOf(file, mode), overlay: name });
    }
  }
  for (const { path, target } of unitLinks(unitStates(overlays), new Set(laid.keys()))) {
    if (target === '/dev/null') laid.set(path, { entry: linkTo(target), text: '', overlay: ownerOf(path, overlays) });
  }
  return laid;
}

const linkTo = (target: string): SealEntry => ({ kind: 'link', sizeBytes: 0, mode: 0o777, target });

function entryOf(file: OverlaySource['files'][number], mode: number): { entry: SealEntry; text: string } {
  if (file.kind === 'link') return { entry: linkTo(file.target), text: '' };
  const usual = file.isExecutable ? 0o755 : 0o644;
  const entry = { kind: 'file', sizeBytes: file.bytes.length, mode: Number.isNaN(mode) ? usual : mode } as const;
  return { entry, text: Buffer.from(file.bytes).toString('utf8') };
}

function ownerOf(mask: string, overlays: readonly OverlaySource[]): string {
  const unit = mask.slice(mask.lastIndexOf('/') + 1);
  return overlays.findLast(({ spec }) => spec.units.mask.some((name) => unit.startsWith(name)))?.name ?? '';
}
