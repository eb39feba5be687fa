/** What a person changed by hand in an image, as a layer that git can hold: files to copy, paths to remove, and what belongs elsewhere. */
import type { LayerIndex } from '../model/tree-index.ts';
import { isSealed } from './layer-content.ts';

export interface KeptChanges {
  /** Files and links. */
  readonly copies: readonly string[];
  readonly removes: readonly string[];
  /** What a folder of files cannot say, as sentences. */
  readonly cannot: readonly string[];
}

/** Written by programs that image.yaml has better words for. */
const elsewhere: readonly { readonly paths: RegExp; readonly why: string }[] = [
  {
    paths: /^var\/lib\/(?:dpkg|apt|ucf|pam|systemd\/deb-systemd)\//,
    why: 'packages belong under packages: and remove:',
  },
  { paths: /^etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-?$/, why: 'accounts belong under users: and groups:' },
  { paths: /^etc\/systemd\/system\/[^/]+\.(?:wants|requires)\//, why: 'units belong under units:' },
  { paths: /^(?:var\/cache|root\/\.\w+_history|etc\/ld\.so\.cache)/, why: '' },
];

export function planKeptChanges({ entries, whiteouts, opaque }: LayerIndex): KeptChanges {
  const copies: string[] = [];
  const cannot = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'folder' || isSealed(entry.path)) continue;
    const other = elsewhere.find(({ paths }) => paths.test(entry.path));
    if (other !== undefined) {
      if (other.why !== '') cannot.add(other.why);
      continue;
    }
    if (entry.kind === 'special') cannot.add(`/${entry.path} is a device`);
    else copies.push(entry.path);
    if (entry.uid !== 0 || entry.gid !== 0)
      cannot.add(`/${entry.path} is not root's: chown it in a program under run:`);
    else if (entry.kind === 'file' && entry.mode !== 0o644 && entry.mode !== 0o755) {
      cannot.add(`/${entry.path} has the mode ${entry.mode.toString(8)}, which git does not keep: chmod it under run:`);
    }
  }
  const gone = [...whiteouts, ...opaque].filter((path) => !isSealed(path));
  const removes = gone.filter((path) => !elsewhere.some(({ paths }) => paths.test(path)));
  return { copies, removes: removes.toSorted(), cannot: [...cannot] };
}

/** A program that does again what a person did: `exec 'apt-get' 'install' …` */
export function renderProgram(lines: readonly (readonly string[])[]): string {
  const quoted = lines.map((words) => words.map(quote).join(' '));
  return `#!/bin/sh\nset -eu\n${quoted.map((line) => `${line}\n`).join('')}`;
}

function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
