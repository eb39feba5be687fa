/** Two roles of a node laid beside each other: what its next boot changes. */
import type { RoleDiff } from '../model/role-diff.ts';
import type { RoleSide, SideFile } from './role-change-side.ts';
import { unifiedDiff } from './unified-diff.ts';

/** A longer file is named, and its lines are not shown. */
const longestTextBytes = 32 * 1024;

/** Of all nodes that are told in one answer: a thousand that each tell a slurm.conf would be 100 MB. */
const allTextsBytes = 4 * 1024 * 1024;

/** How long a file may be whose lines are shown, where so many nodes are told of. */
export function longestTextFor(nodes: number): number {
  return Math.min(longestTextBytes, Math.floor(allTextsBytes / nodes));
}

type Known = Pick<RoleSide, 'role' | 'slurm'>;

/** @param from without more than its role where the node could not boot */
export function diffRoles(from: RoleSide | Known, to: RoleSide, longestBytes = longestTextBytes): RoleDiff {
  const before = 'generation' in from ? from : undefined;
  return {
    role: { from: from.role, to: to.role },
    image: change(before && imageOf(before), imageOf(to)),
    root: change(before?.rootMode, to.rootMode),
    generation: change(before?.generation.id, to.generation.id),
    kernelArguments: changedWords(before?.kernelArguments ?? [], to.kernelArguments),
    overlays: changedWords(before?.overlays ?? [], to.overlays),
    ...diffFiles(before, to, longestBytes),
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

export function diffFiles(
  from: Files | undefined,
  to: Files,
  longestBytes = longestTextBytes,
): Pick<RoleDiff, 'files' | 'patches'> {
  const before = from?.files ?? new Map<string, SideFile>();
  const paths = [...new Set([...before.keys(), ...to.files.keys()])].toSorted();
  const different = paths.filter((path) => !isSame(before.get(path), to.files.get(path)));
  const taken = changedWords(from?.takenAway ?? [], to.takenAway);
  const patches = different.flatMap((path) => {
    const patch = patchOf(before.get(path), to.files.get(path), longestBytes);
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
  if (before.attributes !== after.attributes) return false;
  return before.bytes === after.bytes || Buffer.compare(bytesOf(before), bytesOf(after)) === 0;
}

const bytesOf = ({ bytes }: SideFile) => bytes ?? new Uint8Array();

/** Other attributes first, then the lines of a text; undefined where there is nothing to show. */
function patchOf(before: SideFile | undefined, after: SideFile | undefined, longestBytes: number): string | undefined {
  const isChanged = before !== undefined && after !== undefined;
  const attributes =
    isChanged && before.attributes !== after.attributes ? `old ${before.attributes}\nnew ${after.attributes}\n` : '';
  const isShort = [before, after].every((file) => (file?.bytes?.byteLength ?? 0) <= longestBytes);
  const isSecret = before?.isSecret === true || after?.isSecret === true;
  const patch = `${attributes}${isShort && !isSecret ? diffTexts(before, after) : ''}`;
  return patch === '' ? undefined : patch;
}

/** Tables of the cluster are the same files on all nodes of a role. */
const knownDiffs = new WeakMap<SideFile, WeakMap<SideFile, string>>();

function diffTexts(before: SideFile = noFile, after: SideFile = noFile): string {
  const ofBefore = knownDiffs.get(before) ?? new WeakMap<SideFile, string>();
  knownDiffs.set(before, ofBefore);
  const known = ofBefore.get(after) ?? diffLines(before, after);
  ofBefore.set(after, known);
  return known;
}

const noFile: SideFile = { attributes: '', bytes: undefined, isSecret: false };

function diffLines(before: SideFile, after: SideFile): string {
  const [old, now] = [textOf(before), textOf(after)];
  return old === undefined || now === undefined ? '' : (unifiedDiff(old, now) ?? '');
}

/** undefined for what is no text. */
function textOf({ bytes }: SideFile): string | undefined {
  if (bytes === undefined) return '';
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
