/** An open file that is what it was when it was looked up, and the reading of its pieces. */
import { open, stat, type FileHandle } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import { NetasciiCounter, toNetascii, type NetasciiIndex } from '../wire/tftp-netascii.ts';

/** A file as it was when it was asked for; a piece of another content is never sent behind it. */
export interface SeenFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
  readonly inode: number;
}

/** Hundreds of boards ask for the same file at once; the disk is asked every now and then. */
const seenForMs = 1000;
const mostSeen = 1024;

export class SeenFiles {
  readonly #now: () => number;
  readonly #seen = new Map<string, { readonly atMs: number; readonly file: Promise<SeenFile> }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws HostError when the file is not there or not as long as it should be */
  async see({ path, sizeBytes }: { readonly path: string; readonly sizeBytes: number }): Promise<SeenFile> {
    const known = this.#seen.get(path);
    const nowMs = this.#now();
    const isKnown = known !== undefined && nowMs - known.atMs < seenForMs;
    const file = await (isKnown ? known.file : this.#look(path, nowMs));
    if (file.sizeBytes !== sizeBytes) throw changed(path);
    return file;
  }

  #look(path: string, nowMs: number): Promise<SeenFile> {
    const file = seeFile(path);
    if (this.#seen.size >= mostSeen) this.#seen.clear();
    this.#seen.set(path, { atMs: nowMs, file });
    // What cannot be read now may be there in a moment.
    file.catch(() => this.#seen.delete(path));
    return file;
  }
}

async function seeFile(path: string): Promise<SeenFile> {
  const seen = await stat(path).catch((error: unknown) => {
    throw new HostError(`cannot read ${path}`, { cause: error });
  });
  if (!seen.isFile()) throw changed(path);
  return { path, sizeBytes: seen.size, changedMs: seen.mtimeMs, inode: seen.ino };
}

/** Open while somebody uses it. */
export class OpenFile {
  readonly seen: SeenFile;
  #handle: Promise<FileHandle> | undefined;
  #users = 0;

  constructor(seen: SeenFile) {
    this.seen = seen;
  }

  use(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
    if (this.#users > 0) return;
    const handle = this.#handle;
    this.#handle = undefined;
    // Reads that are under way are waited for.
    handle?.then((opened) => opened.close()).catch(() => undefined);
  }

  /** Fills `into` from `start` on. @throws HostError when the file is another by now */
  async read(into: Uint8Array, start: number): Promise<void> {
    this.use();
    try {
      const { path, inode, sizeBytes, changedMs } = this.seen;
      this.#handle ??= open(path, 'r');
      const handle = await this.#handle.catch((error: unknown) => {
        this.#handle = undefined;
        throw new HostError(`cannot open ${path}`, { cause: error });
      });
      const now = await handle.stat();
      if (now.ino !== inode || now.size !== sizeBytes || now.mtimeMs !== changedMs) throw changed(path);
      const { bytesRead } = await handle.read(into, 0, into.byteLength, start);
      if (bytesRead !== into.byteLength) throw changed(path);
    } finally {
      this.leave();
    }
  }
}

/** One read of the disk. */
const scanBytes = 128 << 10;

/** Reads the whole file once, in steps. */
export async function indexNetascii(file: OpenFile, pieceBytes: number): Promise<NetasciiIndex> {
  const counter = new NetasciiCounter(pieceBytes);
  const { sizeBytes } = file.seen;
  for (let start = 0; start < sizeBytes; start += scanBytes) {
    const bytes = new Uint8Array(Math.min(scanBytes, sizeBytes - start));
    await file.read(bytes, start);
    counter.add(bytes);
  }
  return counter.index();
}

export interface Stretch {
  readonly index: number;
  readonly pieceBytes: number;
}

export async function readOctet(file: OpenFile, { index, pieceBytes }: Stretch): Promise<Uint8Array> {
  const start = index * pieceBytes;
  const bytes = new Uint8Array(Math.min(pieceBytes, file.seen.sizeBytes - start));
  await file.read(bytes, start);
  return bytes;
}

export async function readNetascii(
  file: OpenFile,
  netascii: NetasciiIndex,
  { index, pieceBytes }: Stretch,
): Promise<Uint8Array> {
  const place = netascii.pieces[index];
  if (place === undefined) return new Uint8Array(0);
  const bytes = new Uint8Array(Math.min(pieceBytes, file.seen.sizeBytes - place.source));
  await file.read(bytes, place.source);
  return toNetascii(bytes, place.dropBytes, pieceBytes);
}

function changed(path: string): HostError {
  return new HostError(`${path} is not the file that was published`, {
    hint: 'Images are immutable once published: build or import the image again, as a new version.',
  });
}
