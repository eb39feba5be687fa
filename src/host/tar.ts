/** A node's overlay as one ustar archive: the same files give the same bytes. What many nodes share is packed and hashed once. */
import { createHash, type Hash } from 'node:crypto';

import { pack, type Header, type Pack } from 'tar-stream';

import { ConfigError } from '../model/errors.ts';
import type { NodeFile } from '../model/node-file.ts';

/** Read by the initramfs before it unpacks: one glob per line. */
const removeListPath = '.pi-image/remove';

/** Read where the root is no tmpfs: paths of files that must stay in memory, one per line. Left out when there are none. */
const secretListPath = '.pi-image/secret';

/** 2020-01-01: fixed, so that equal trees give equal bytes, and never in the future of a board without a clock. */
const modifiedAt = new Date(1_577_836_800_000);

type NodeEntry = Exclude<NodeFile, { kind: 'remove' }>;

/** One after the other they are the archive. Other archives have some of them too. */
export interface PackedFiles {
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * A file of this size is a table of the whole cluster: a thousand nodes have the same object as its content. Such files stand
 * before all others, so that the archives of a role begin alike.
 */
const largeBytes = 16_384;

/** Folders before files before links; when a path is given twice, the later one is taken. */
const orderOfKinds: Readonly<Record<NodeEntry['kind'], number>> = { directory: 0, file: 1, link: 2 };

/** @throws ConfigError when a path does not fit into the format */
export async function packNodeFiles(files: readonly NodeFile[]): Promise<PackedFiles> {
  const entries = inOrder(files);
  const begun = entries.filter(isInBeginning);
  let begins = await beginningWith(files);
  for (const entry of begun) begins = await longer(begins, entry);
  const { hash, chunks, sizeBytes } = begins;
  const rest = await packedToEnd((archive) => {
    for (const entry of entries.slice(begun.length)) addEntry(archive, entry);
  });
  const sha256 = hash.copy().update(rest).digest('hex');
  return { chunks: [...chunks, rest], sizeBytes: sizeBytes + rest.byteLength, sha256 };
}

function inOrder(files: readonly NodeFile[]): NodeEntry[] {
  const byPath = new Map<string, NodeEntry>();
  for (const file of files) if (file.kind !== 'remove') byPath.set(file.path, file);
  const order = (entry: NodeEntry) => orderOfKinds[entry.kind] + (isInBeginning(entry) ? 0 : 0.5);
  return [...byPath.values()].toSorted((a, b) => order(a) - order(b) || (a.path < b.path ? -1 : 1));
}

function isInBeginning(entry: NodeEntry): boolean {
  return entry.kind === 'directory' || (entry.kind === 'file' && entry.bytes.byteLength >= largeBytes);
}

/** What some archives begin with, and how each of them goes on. */
interface Beginning {
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly hash: Hash;
  /** By what stands in the header, for folders. */
  readonly folders: Map<string, Beginning>;
  /** By the content, and then by what stands in the header. */
  readonly files: WeakMap<Uint8Array, Map<string, Beginning>>;
}

/** By the lists that stand first: those of a role. */
const beginnings = new Map<string, Beginning>();
const maxBeginnings = 100;

async function beginningWith(files: readonly NodeFile[]): Promise<Beginning> {
  const globs = listOf(files.flatMap((file) => (file.kind === 'remove' ? [file.glob] : [])));
  const secrets = listOf(files.flatMap((file) => (file.kind === 'file' && file.isSecret ? [file.path] : [])));
  const key = JSON.stringify([globs, secrets]);
  const known = beginnings.get(key);
  if (known !== undefined) return known;
  const lists = await packed((archive) => {
    archive.entry(header(removeListPath, { mode: 0o600 }), globs);
    if (secrets !== '') archive.entry(header(secretListPath, { mode: 0o600 }), secrets);
  });
  const made = beginning([lists], createHash('sha256').update(lists));
  if (beginnings.size >= maxBeginnings) beginnings.clear();
  beginnings.set(key, made);
  return made;
}

function beginning(chunks: readonly Uint8Array[], hash: Hash): Beginning {
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return { chunks, sizeBytes, hash, folders: new Map(), files: new WeakMap() };
}

async function longer(before: Beginning, entry: NodeEntry): Promise<Beginning> {
  const places = entry.kind === 'file' ? placesOf(before, entry.bytes) : before.folders;
  const key = JSON.stringify(entry.kind === 'file' ? { ...entry, bytes: undefined } : entry);
  const known = places.get(key);
  if (known !== undefined) return known;
  const chunk = await packed((archive) => addEntry(archive, entry));
  const made = beginning([...before.chunks, chunk], before.hash.copy().update(chunk));
  places.set(key, made);
  return made;
}

function placesOf({ files }: Beginning, bytes: Uint8Array): Map<string, Beginning> {
  const places = files.get(bytes) ?? new Map<string, Beginning>();
  files.set(bytes, places);
  return places;
}

/** POSIX.1-1988: an archive ends with two blocks of zeros. */
const endBytes = 1024;

/** Without its end. */
async function packed(add: (archive: Pack) => void): Promise<Uint8Array> {
  const whole = await packedToEnd(add);
  return whole.subarray(0, whole.byteLength - endBytes);
}

async function packedToEnd(add: (archive: Pack) => void): Promise<Uint8Array> {
  const archive = pack();
  add(archive);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);

function addEntry(archive: Pack, entry: NodeEntry): void {
  if (entry.kind === 'file') archive.entry(header(entry.path, entry), asBuffer(entry.bytes));
  else if (entry.kind === 'directory') archive.entry(header(entry.path, { ...entry, type: 'directory' }));
  else archive.entry(header(entry.path, { mode: 0o777, type: 'symlink', linkname: linkTarget(entry) }));
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
