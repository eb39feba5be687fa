/** A node's overlay as one ustar archive: the same files give the same bytes. */
import { pack, type Header } from 'tar-stream';

import { ConfigError } from '../model/errors.ts';
import type { NodeFile } from '../model/node-file.ts';

/** Read by the initramfs before it unpacks: one glob per line. */
const removeListPath = '.pi-image/remove';

/** Read where the root is no tmpfs: paths of files that must stay in memory, one per line. Left out when there are none. */
const secretListPath = '.pi-image/secret';

/** 2020-01-01: fixed, so that equal trees give equal bytes, and never in the future of a board without a clock. */
const modifiedAt = new Date(1_577_836_800_000);

type NodeEntry = Exclude<NodeFile, { kind: 'remove' }>;

/** Folders before files before links; when a path is given twice, the later one is taken. */
const orderOfKinds: Readonly<Record<NodeEntry['kind'], number>> = { directory: 0, file: 1, link: 2 };

/** @throws ConfigError when a path does not fit into the format */
export async function packNodeFiles(files: readonly NodeFile[]): Promise<Uint8Array> {
  const archive = pack();
  const globs = files.flatMap((file) => (file.kind === 'remove' ? [file.glob] : []));
  archive.entry(header(removeListPath, { mode: 0o600 }), listOf(globs));
  const secrets = files.flatMap((file) => (file.kind === 'file' && file.isSecret ? [file.path] : []));
  if (secrets.length > 0) archive.entry(header(secretListPath, { mode: 0o600 }), listOf(secrets));
  for (const entry of inOrder(files)) {
    if (entry.kind === 'file') archive.entry(header(entry.path, entry), Buffer.from(entry.bytes));
    else if (entry.kind === 'directory') archive.entry(header(entry.path, { ...entry, type: 'directory' }));
    else archive.entry(header(entry.path, { mode: 0o777, type: 'symlink', linkname: linkTarget(entry) }));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function inOrder(files: readonly NodeFile[]): NodeEntry[] {
  const byPath = new Map<string, NodeEntry>();
  for (const file of files) if (file.kind !== 'remove') byPath.set(file.path, file);
  return [...byPath.values()].toSorted(
    (a, b) => orderOfKinds[a.kind] - orderOfKinds[b.kind] || (a.path < b.path ? -1 : 1),
  );
}

function listOf(lines: readonly string[]): string {
  return [...new Set(lines)]
    .toSorted()
    .map((line) => `${line}\n`)
    .join('');
}

function header(
  path: string,
  entry: { mode: number; uid?: number; gid?: number; type?: Header['type']; linkname?: string },
): Partial<Header> & { name: string } {
  if (!fitsUstar(path)) {
    throw new ConfigError(`the path ${path} does not fit into a tar archive`, {
      hint: 'Use printable ASCII and at most 100 characters after a "/" that is among the first 155.',
    });
  }
  const { mode, uid = 0, gid = 0, type = 'file', linkname } = entry;
  return { name: path, mode, uid, gid, type, mtime: modifiedAt, ...(linkname !== undefined && { linkname }) };
}

function linkTarget({ path, target }: Extract<NodeEntry, { kind: 'link' }>): string {
  if (/^[\x20-\x7e]{1,100}$/.test(target)) return target;
  throw new ConfigError(`the target of the link ${path} does not fit into a tar archive`, {
    hint: 'Use at most 100 printable ASCII characters.',
  });
}

/** POSIX.1-1988 ustar: 100 bytes of name, 155 of prefix, split at a "/". Longer ones need extensions busybox lacks. */
function fitsUstar(path: string): boolean {
  return /^(?:[\x20-\x7e]{1,155}\/)?[\x20-\x7e]{1,100}$/.test(path);
}
