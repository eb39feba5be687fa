/** What a layer holds, as one digest: not times, and nothing that the seal takes out of every image, or that no node reads. */
import type { LayerIndex } from '../model/tree-index.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { matchesGlob, type SealAction } from './seal-rule.ts';
import { identityRules } from './seal-rules-identity.ts';

export function layerContent({ entries, whiteouts, opaque }: LayerIndex): string {
  const kept = entries.flatMap((entry) => {
    if (isSealed(entry.path)) return [];
    // Numbers of groups of hard links, and of layers, are given in passing.
    const { time: _time, layer: _layer, ...content } = entry;
    return [content];
  });
  return sha256(canonicalJson({ kept, whiteouts: whiteouts.filter((path) => !isSealed(path)), opaque }));
}

/** Has no influence on an image, and on no program of a later layer either. */
export function isSealed(path: string): boolean {
  return (
    exact.has(path) || globs.some((glob) => matchesGlob(path, glob)) || below.some((folder) => path.startsWith(folder))
  );
}

/** What packages make of their own for a kernel, with times of the moment in it. Nodes boot with another one. */
const packageInitramfs = ['boot/initrd.img-*', 'boot/firmware/initrd.img-*'];

// Other rules may be switched off, and a kernel is taken out of the root after the boot files were made of it.
const actions = identityRules.flatMap((rule) => rule.actions);
const removed = actions.flatMap((action) => (action.kind === 'remove' ? action.globs : []));
const globs = [...removed.filter((glob) => glob.includes('*')), ...packageInitramfs];
const exact = new Set([...removed.filter((glob) => !glob.includes('*')), ...actions.flatMap(replacedPath)]);
const below = actions.flatMap(emptiedFolders).map((folder) => `${folder}/`);

function replacedPath(action: SealAction): string[] {
  return action.kind === 'write' || action.kind === 'link' ? [action.path] : [];
}

function emptiedFolders(action: SealAction): readonly string[] {
  if (action.kind === 'empty') return action.folders;
  return action.kind === 'empty-files-below' ? [action.folder] : [];
}
