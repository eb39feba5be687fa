/** A change of role as people read it: what differs, file by file. */
import type { RoleDiff } from '../model/role-diff.ts';
import { renderFacts } from './output.ts';

/** Without the head line; empty when the node gets the same. */
export function renderRoleDiff(diff: RoleDiff): string {
  const facts = renderFacts([
    ['image', fromTo(diff.image)],
    ['root', fromTo(diff.root)],
    ['overlays', signed(diff.overlays)],
    ['arguments', signed(diff.kernelArguments)],
    ['exports', signed(diff.exports)],
    ['slurm', fromTo(diff.slurm)],
  ]);
  return `${facts}${renderFiles(diff.files)}`;
}

/** Each small text as diff -u shows it. */
export function renderPatches({ files, patches }: Pick<RoleDiff, 'files' | 'patches'>): string {
  const paths = Object.keys(patches).toSorted();
  return paths
    .map((path) => {
      const old = files.added.includes(path) ? '/dev/null' : `/${path}`;
      const now = files.removed.includes(path) ? '/dev/null' : `/${path}`;
      return `--- ${old}\n+++ ${now}\n${patches[path] ?? ''}`;
    })
    .join('');
}

export function renderFiles({ added, changed, removed }: RoleDiff['files']): string {
  const lines = [
    ...added.map((path) => ({ path, sign: '+' })),
    ...changed.map((path) => ({ path, sign: '~' })),
    ...removed.map((path) => ({ path, sign: '-' })),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (lines.length === 0) return '';
  return ['files:', ...lines.map(({ path, sign }) => `  ${sign} /${path}`)].map((line) => `${line}\n`).join('');
}

interface ListChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** undefined where nothing changes. */
export function fromTo({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) {
  return from === to ? undefined : `${from ?? 'none'} -> ${to ?? 'none'}`;
}

export function signed({ added, removed }: ListChange): string {
  return [...removed.map((word) => `-${word}`), ...added.map((word) => `+${word}`)].join(' ');
}
