/** Two roles of a node laid beside each other: what its next boot changes. */
import type { RoleDiff } from '../model/role-diff.ts';
import type { RoleSide, SideFile } from './role-change-side.ts';
import { unifiedDiff } from './unified-diff.ts';

/** A longer file is named, and its lines are not shown. */
const longestTextBytes = 32 * 1024;

type Known = Pick<RoleSide, 'role' | 'slurm'>;

/** @param from without more than its role where the node could not boot */
export function diffRoles(from: RoleSide | Known, to: RoleSide): RoleDiff {
  const before = 'generation' in from ? from : undefined;
  return {
    role: { from: from.role, to: to.role },
    image: change(before && imageOf(before), imageOf(to)),
    root: change(before?.rootMode, to.rootMode),
    generation: change(before?.generation.id, to.generation.id),
    kernelArguments: changedWords(before?.kernelArguments ?? [], to.kernelArguments),
    overlays: changedWords(before?.overlays ?? [], to.overlays),
    ...diffFiles(before, to),
    exports: changedWords(before?.exports ?? [], to.exports),
    slurm: { from: from.slurm, to: to.slurm },
  };
}

/** Of a node that has the role already. */
export function noDiff({ role, slurm }: Known): RoleDiff {
  const nothing = { added: [], removed: [] };
  return {
    role: { from: role, to: role },
    image: {},
    root: {},
    generation: {},
    kernelArguments: nothing,
    overlays: nothing,
    files: { ...nothing, changed: [] },
    patches: {},
    exports: nothing,
    slurm: { from: slurm, to: slurm },
  };
}

const imageOf = ({ generation: { image } }: RoleSide) => `${image.name}@${image.version}`;

function change(from: string | undefined, to: string): { from?: string; to: string } {
  return { ...(from !== undefined && { from }), to };
}

/** An argument may be given twice: each one counts. */
function changedWords(from: readonly string[], to: readonly string[]): { added: string[]; removed: string[] } {
  return { added: without(to, from), removed: without(from, to) };
}

function without(words: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return words.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

type Files = Pick<RoleSide, 'files' | 'takenAway'>;

export function diffFiles(from: Files | undefined, to: Files): Pick<RoleDiff, 'files' | 'patches'> {
  const before = from?.files ?? new Map<string, SideFile>();
  const paths = [...new Set([...before.keys(), ...to.files.keys()])].toSorted();
  const different = paths.filter((path) => !isSame(before.get(path), to.files.get(path)));
  const taken = changedWords(from?.takenAway ?? [], to.takenAway);
  const patches = different.flatMap((path) => {
    const patch = patchOf(before.get(path), to.files.get(path));
    return patch === undefined ? [] : [[path, patch] as const];
  });
  return {
    files: {
      // What an overlay takes away from the image goes when its overlay comes, and the other way round.
      added: [...different.filter((path) => !before.has(path)), ...taken.removed].toSorted(),
      changed: different.filter((path) => before.has(path) && to.files.has(path)),
      removed: [...different.filter((path) => !to.files.has(path)), ...taken.added].toSorted(),
    },
    patches: Object.fromEntries(patches),
  };
}

function isSame(before: SideFile | undefined, after: SideFile | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return before.attributes === after.attributes && Buffer.compare(bytesOf(before), bytesOf(after)) === 0;
}

const bytesOf = ({ bytes }: SideFile) => bytes ?? new Uint8Array();

/** Other attributes first, then the lines of a text; undefined where there is nothing to show. */
function patchOf(before: SideFile | undefined, after: SideFile | undefined): string | undefined {
  const isChanged = before !== undefined && after !== undefined;
  const attributes =
    isChanged && before.attributes !== after.attributes ? `old ${before.attributes}\nnew ${after.attributes}\n` : '';
  const lines = before?.isSecret === true || after?.isSecret === true ? '' : diffTexts(before, after);
  const patch = `${attributes}${lines}`;
  return patch === '' ? undefined : patch;
}

function diffTexts(before: SideFile | undefined, after: SideFile | undefined): string {
  const old = textOf(before);
  const now = textOf(after);
  if (old === undefined || now === undefined) return '';
  return unifiedDiff(old, now) ?? '';
}

/** undefined for what is no small text. */
function textOf(file: SideFile | undefined): string | undefined {
  if (file?.bytes === undefined) return '';
  if (file.bytes.byteLength > longestTextBytes) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
