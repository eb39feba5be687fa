/** Is a tree what its index says? Every difference as a sentence. */
import type { IndexEntry } from '../model/tree-index.ts';
import { canonicalJson } from './canonical-json.ts';

export function compareWithIndex(expected: readonly IndexEntry[], found: readonly IndexEntry[]): string[] {
  const there = new Map(found.map((entry) => [entry.path, entry]));
  const wanted = new Set(expected.map(({ path }) => path));
  return [
    ...expected.flatMap((entry) => {
      const now = there.get(entry.path);
      return now === undefined
        ? [`/${entry.path} is missing`]
        : changes(entry, now).map((what) => `/${entry.path} ${what}`);
    }),
    ...found.flatMap(({ path }) => (wanted.has(path) ? [] : [`/${path} does not belong there`])),
  ];
}

function changes(expected: IndexEntry, now: IndexEntry): string[] {
  if (expected.kind !== now.kind) return [`is a ${now.kind} and was a ${expected.kind}`];
  return [
    ...(contentOf(expected) === contentOf(now) ? [] : ['has another content']),
    ...(expected.mode === now.mode ? [] : [`has the mode ${octal(now.mode)} and had ${octal(expected.mode)}`]),
    ...(expected.uid === now.uid && expected.gid === now.gid
      ? []
      : [`belongs to ${now.uid}:${now.gid} and did to ${expected.uid}:${expected.gid}`]),
    ...(expected.time === now.time ? [] : ['has another time']),
    ...(canonicalJson(expected.xattrs ?? {}) === canonicalJson(now.xattrs ?? {})
      ? []
      : ['has other extended attributes']),
  ];
}

function contentOf(entry: IndexEntry): string {
  switch (entry.kind) {
    case 'file':
      return entry.sha256;
    case 'link':
      return entry.target;
    case 'special':
      return entry.device;
    case 'folder':
      return '';
    default:
      return entry satisfies never;
  }
}

const octal = (mode: number) => mode.toString(8).padStart(4, '0');
