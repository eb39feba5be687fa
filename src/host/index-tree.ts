/** Reads a tree into its index: attributes of every entry, and the digest of every file that is not known yet. */
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Dirent, type Stats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';
import type { IndexEntry, LayerIndex } from '../model/tree-index.ts';
import { placeIn } from './place-entry.ts';
import { readXattrs, type Xattrs } from './xattrs.ts';

/** What is known of a file without reading it; asked for each of its names. */
type KnownFile = (path: string, info: Stats) => string | undefined;

export interface IndexOptions {
  readonly signal: AbortSignal;
  /** @returns its sha256 */
  readonly known?: KnownFile;
  /** Extended attributes, where they are known; else all are read. Asked of each entry, of a file before its content. */
  readonly xattrs?: XattrsOf;
}

type XattrsOf = (path: string, info: Stats) => Xattrs | undefined;

/** @returns entries sorted by path; whiteouts and opaque folders when the tree is overlayfs's upper one */
export async function indexTree(root: string, { signal, known, xattrs }: IndexOptions): Promise<LayerIndex> {
  const walk = new TreeWalk(root, xattrs ?? (await readAll(root, signal)), known ?? (() => undefined));
  for (const _ of walk.folder('.')) {
    // A walk is many short system calls: others get their turn, and Ctrl-C is heard.
    await setImmediate();
    signal.throwIfAborted();
  }
  return walk.result();
}

async function readAll(root: string, signal: AbortSignal): Promise<XattrsOf> {
  const all = await readXattrs(root, signal);
  return (file) => all.get(file);
}

const callsPerTurn = 400;
const bytesPerTurn = 16 << 20;

class TreeWalk {
  readonly #root: string;
  readonly #xattrsOf: XattrsOf;
  readonly #known: KnownFile;
  readonly #entries: IndexEntry[] = [];
  readonly #whiteouts: string[] = [];
  readonly #opaque: string[] = [];
  /** By inode, of files that have another name somewhere. */
  readonly #names = new Map<number, { readonly at: number; readonly sha256: string; number?: number }>();
  #groups = 0;
  #calls = 0;
  #bytes = 0;

  constructor(root: string, xattrsOf: XattrsOf, known: KnownFile) {
    this.#root = root;
    this.#xattrsOf = xattrsOf;
    this.#known = known;
  }

  result(): LayerIndex {
    const entries = this.#entries.toSorted((one, other) => (one.path < other.path ? -1 : 1));
    return { format: 1, entries, whiteouts: this.#whiteouts, opaque: this.#opaque };
  }

  /** Yields when it has worked for a while. */
  *folder(folder: string): Generator<void> {
    this.#addFolder(folder);
    const names = readdirSync(placeIn(this.#root, folder), { withFileTypes: true });
    for (const entry of names.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const relative = folder === '.' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.folder(relative);
      else this.#add(relative, entry);
      this.#calls += 1;
      if (this.#calls < callsPerTurn && this.#bytes < bytesPerTurn) continue;
      [this.#calls, this.#bytes] = [0, 0];
      yield;
    }
  }

  #addFolder(folder: string): void {
    const info = lstatSync(placeIn(this.#root, folder));
    const xattrs = this.#xattrsOf(folder, info);
    const isOpaque = Object.keys(xattrs ?? {}).some(isOpaqueMark);
    if (isOpaque) this.#opaque.push(folder);
    this.#entries.push({ kind: 'folder', ...attributesOf(folder, info, xattrs) });
  }

  #add(relative: string, entry: Dirent): void {
    const place = placeIn(this.#root, relative);
    const info = statEntry(place);
    const attributes = attributesOf(relative, info, this.#xattrsOf(relative, info));
    if (entry.isFile())
      this.#entries.push({ kind: 'file', ...attributes, bytes: info.size, ...this.#content(place, relative, info) });
    else if (entry.isSymbolicLink()) this.#entries.push({ kind: 'link', ...attributes, target: readlinkSync(place) });
    else if (entry.isCharacterDevice() && info.rdev === 0) this.#whiteouts.push(relative);
    else this.#entries.push({ kind: 'special', ...attributes, device: describeDevice(entry, info.rdev) });
  }

  #content(place: string, relative: string, info: Stats): { sha256: string; group?: number } {
    const known = this.#known(relative, info);
    const first = this.#names.get(info.ino);
    if (first !== undefined) return { sha256: first.sha256, group: this.#groupOf(first) };
    const sha256 = known ?? this.#read(place, info.size);
    // The other name may be one outside of this tree.
    if (info.nlink > 1) this.#names.set(info.ino, { at: this.#entries.length, sha256 });
    return { sha256 };
  }

  /** The number is given when a second name is found, to the first one, too. */
  #groupOf(first: { readonly at: number; number?: number }): number {
    if (first.number !== undefined) return first.number;
    const number = this.#groups++;
    first.number = number;
    const entry = this.#entries[first.at];
    if (entry?.kind === 'file') this.#entries[first.at] = { ...entry, group: number };
    return number;
  }

  #read(place: string, sizeBytes: number): string {
    this.#bytes += sizeBytes;
    return sha256OfPlace(place);
  }
}

function attributesOf(relative: string, { mode, uid, gid, mtimeMs }: Stats, all: Xattrs | undefined) {
  const attributes = { path: relative, mode: mode & 0o7777, uid, gid, time: Math.floor(mtimeMs / 1000) };
  const own = Object.entries(all ?? {}).filter(([name]) => !isOpaqueMark(name));
  return own.length === 0 ? attributes : { ...attributes, xattrs: Object.fromEntries(own) };
}

function isOpaqueMark(name: string): boolean {
  return name.endsWith('.overlay.opaque');
}

/** A name that is not UTF-8 cannot be told from its replacement. */
function statEntry(place: string): Stats {
  try {
    return lstatSync(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new HostError(`${place} went away while it was read, or its name is not UTF-8`, { cause: error });
  }
}

function describeDevice(entry: Dirent, device: number): string {
  if (entry.isFIFO()) return 'p';
  if (entry.isSocket()) return 's';
  const [major, minor] = [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xfff00)];
  return `${entry.isBlockDevice() ? 'b' : 'c'} ${major}:${minor}`;
}

const pieceBytes = 1 << 20;
const piece = Buffer.allocUnsafe(pieceBytes);

/** Without a stream, whose turns cost more than the digest of a small file. */
export function sha256OfPlace(place: string): string {
  const hash = createHash('sha256');
  const file = openSync(place, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
