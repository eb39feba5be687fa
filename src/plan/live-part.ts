/** What a node's agent must know of its files: which are live, how each is to be, and which it must not take away. */
import type { NodeFile } from '../model/node-file.ts';
import { sha256 } from './canonical-json.ts';

/** These lists are read and written by overlays/base: agent-live-files.sh and agent-drift.sh in usr/local/lib/pi-image. */
const liveListPath = 'etc/pi-image/live';
const filesListPath = 'etc/pi-image/files';
const keepListPath = '.pi-image/keep';

/** First the digest of all of them, then a path on each line. */
export function liveList(digest: string, files: readonly NodeFile[]): NodeFile {
  const paths = files.flatMap((file) => (file.kind === 'file' || file.kind === 'link' ? [file.path] : []));
  return listFile(liveListPath, [digest, ...paths.filter((path) => path !== keepListPath).toSorted()]);
}

/** How all files of an overlay are to be, in the words of sha256sum and "stat -c '%f %u:%g %n'"; contents first. */
export function filesList(files: readonly NodeFile[]): NodeFile {
  const entries = files.filter((file) => file.kind !== 'remove');
  const newest = [...new Map(entries.map((file) => [file.path, file])).values()];
  const sorted = newest.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return listFile(filesListPath, [...sorted.flatMap(contentLine), ...sorted.flatMap(attributesLine)]);
}

type Entry = Exclude<NodeFile, { kind: 'remove' }>;

const digests = new WeakMap<Uint8Array, string>();

function contentLine(file: Entry): string[] {
  if (file.kind === 'directory') return [];
  if (file.kind === 'link') return [`link ${file.path} ${file.target}`];
  const digest = digests.get(file.bytes) ?? sha256(file.bytes);
  digests.set(file.bytes, digest);
  return [`${digest}  ${file.path}`];
}

/** stat(2): the type stands above the mode. */
const typeBits = { file: 0o100000, directory: 0o040000 } as const;

function attributesLine(file: Entry): string[] {
  if (file.kind === 'link') return [];
  return [`${(typeBits[file.kind] | file.mode).toString(16)} ${file.uid}:${file.gid} ${file.path}`];
}

/**
 * Paths that may have been live when the node booted and are frozen from its next boot on: it keeps what it has there. None
 * where there are none.
 * @param booted the frozen files that it has; `frozen` the paths of those that it is to have
 */
export function keepList(booted: readonly NodeFile[], frozen: readonly string[]): NodeFile[] {
  const has = pathsOf(booted);
  const paths = frozen.filter((path) => !has.has(path));
  return paths.length === 0 ? [] : [listFile(keepListPath, paths)];
}

const knownPaths = new WeakMap<readonly NodeFile[], ReadonlySet<string>>();

function pathsOf(files: readonly NodeFile[]): ReadonlySet<string> {
  const known = knownPaths.get(files);
  if (known !== undefined) return known;
  const paths = new Set(files.flatMap((file) => (file.kind === 'remove' ? [] : [file.path])));
  knownPaths.set(files, paths);
  return paths;
}

function listFile(path: string, lines: readonly string[]): NodeFile {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  return { kind: 'file', path, mode: 0o600, uid: 0, gid: 0, bytes };
}
