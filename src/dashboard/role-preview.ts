/** What a change of role changes, as lines that can be read from top to bottom. */
import type { RoleDiff } from '../model/role-diff.ts';
import { count } from './words.ts';

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly what: string;
  readonly text: string;
}

const nothing = 'none';

export function diffLines(diff: RoleDiff): DiffLine[] {
  return [
    ...changeOf('role', diff.role),
    ...changeOf('image', diff.image),
    ...changeOf('root', diff.root),
    ...changeOf('Slurm', diff.slurm),
    ...listOf('overlay', diff.overlays),
    ...listOf('kernel argument', diff.kernelArguments),
    ...listOf('export', diff.exports),
    ...listOf('file', diff.files),
    ...diff.files.changed.map((text): DiffLine => ({ kind: 'changed', what: 'file', text })),
  ];
}

function changeOf(what: string, { from, to }: { from?: string | undefined; to?: string | undefined }): DiffLine[] {
  return from === to ? [] : [{ kind: 'changed', what, text: `${from ?? nothing} → ${to ?? nothing}` }];
}

function listOf(
  what: string,
  { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
): DiffLine[] {
  return [
    ...removed.map((text): DiffLine => ({ kind: 'removed', what, text })),
    ...added.map((text): DiffLine => ({ kind: 'added', what, text })),
  ];
}

/** Nodes that change alike are shown once. */
export function groupDiffs(
  nodes: readonly { readonly node: string; readonly diff: RoleDiff }[],
): { readonly nodes: readonly string[]; readonly lines: readonly DiffLine[]; readonly patches: RoleDiff['patches'] }[] {
  const groups = new Map<string, { nodes: string[]; lines: DiffLine[]; patches: RoleDiff['patches'] }>();
  for (const { node, diff } of nodes) {
    const lines = diffLines(diff);
    const key = JSON.stringify([lines, diff.patches]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { nodes: [node], lines, patches: diff.patches });
    else group.nodes.push(node);
  }
  return [...groups.values()];
}

export function summariseDiff(lines: readonly DiffLine[]): string {
  if (lines.length === 0) return 'nothing changes';
  const of = (kind: DiffLine['kind']) => lines.filter((line) => line.kind === kind).length;
  return [[of('changed'), 'changed'] as const, [of('added'), 'added'] as const, [of('removed'), 'removed'] as const]
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${count(number, 'thing')} ${word}`)
    .join(', ');
}
