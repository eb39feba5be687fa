/** Where a transfer's blocks come from: bytes made for this board, or a file that is read piece by piece and shared. */
import { open, stat, type FileHandle } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import { frameBlocks, frameOf, type DataFrames } from '../wire/tftp-frames.ts';
import { lastBlockOf } from '../wire/tftp-send.ts';
import { PieceCache } from './tftp-cache.ts';

export interface BlockSource {
  /** The whole DATA packet of a block (from 1); undefined when it has to be loaded first. */
  frame(block: number): Uint8Array | undefined;
  /** After it, `frame(block)` is there. @throws HostError */
  load(block: number): Promise<void>;
}

export type FrameCache = PieceCache<DataFrames>;

/** Two kernels with initramfs and device trees, cut for two block sizes. */
const cacheLimitBytes = 128 << 20;

/** One read of the disk; a board needs about 0.1 s for it. */
const pieceBytes = 512 << 10;

export function newFrameCache(limitBytes: number = cacheLimitBytes): FrameCache {
  return new PieceCache<DataFrames>(limitBytes, (frames) => frames.buffer.byteLength);
}

/** Never cached: what is made for one board may hold its token. */
export function blocksOfBytes(bytes: Uint8Array, blockSizeBytes: number): BlockSource {
  const lastBlock = lastBlockOf(bytes.byteLength, blockSizeBytes);
  const frames = frameBlocks(bytes, { firstBlock: 1, lastBlock, blockSizeBytes });
  return { frame: (block) => frameOf(frames, block), load: () => Promise.resolve() };
}

/** @throws HostError when the file is not there or not as long as it should be */
export async function blocksOfFile(
  file: { readonly path: string; readonly sizeBytes: number },
  blockSizeBytes: number,
  cache: FrameCache,
): Promise<BlockSource> {
  const seen = await stat(file.path).catch((error: unknown) => {
    throw new HostError(`cannot read ${file.path}`, { cause: error });
  });
  if (!seen.isFile() || seen.size !== file.sizeBytes) throw changed(file.path);
  const { path, sizeBytes } = file;
  return new FileBlocks({ path, sizeBytes, changedMs: seen.mtimeMs, inode: seen.ino, blockSizeBytes }, cache);
}

/** A file as it was when the transfer began; a piece of another content is never sent behind it. */
interface SeenFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
  readonly inode: number;
  readonly blockSizeBytes: number;
}

class FileBlocks implements BlockSource {
  readonly #file: SeenFile;
  readonly #cache: FrameCache;
  readonly #blocksPerPiece: number;
  /** Kept by the transfer itself, so that a full cache cannot take away what is being sent. */
  #current: DataFrames | undefined;

  constructor(file: SeenFile, cache: FrameCache) {
    this.#file = file;
    this.#cache = cache;
    this.#blocksPerPiece = Math.max(1, Math.floor(pieceBytes / file.blockSizeBytes));
  }

  frame(block: number): Uint8Array | undefined {
    const current = this.#current;
    if (current !== undefined && block >= current.firstBlock && block <= current.lastBlock)
      return frameOf(current, block);
    const piece = this.#pieceOf(block);
    const frames = this.#cache.get(this.#keyOf(piece));
    if (frames === undefined) return undefined;
    this.#enter(piece, frames);
    return frameOf(frames, block);
  }

  async load(block: number): Promise<void> {
    const piece = this.#pieceOf(block);
    this.#enter(piece, await this.#loadPiece(piece));
  }

  /** The next piece is read while this one is on its way; should that fail, it is read again when its turn comes. */
  #enter(piece: number, frames: DataFrames): void {
    this.#current = frames;
    const next = piece + 1;
    if (next * this.#blocksPerPiece * this.#file.blockSizeBytes > this.#file.sizeBytes) return;
    this.#loadPiece(next).catch(() => undefined);
  }

  #pieceOf(block: number): number {
    return Math.floor((block - 1) / this.#blocksPerPiece);
  }

  #keyOf(piece: number): string {
    const { path, inode, changedMs, blockSizeBytes } = this.#file;
    return [path, inode, changedMs, blockSizeBytes, piece].join('\0');
  }

  #loadPiece(piece: number): Promise<DataFrames> {
    return this.#cache.load(this.#keyOf(piece), () => readFrames(this.#file, piece, this.#blocksPerPiece));
  }
}

async function readFrames(file: SeenFile, piece: number, blocksPerPiece: number): Promise<DataFrames> {
  const { blockSizeBytes, sizeBytes } = file;
  const firstBlock = piece * blocksPerPiece + 1;
  const lastBlock = Math.min(firstBlock + blocksPerPiece - 1, lastBlockOf(sizeBytes, blockSizeBytes));
  const start = (firstBlock - 1) * blockSizeBytes;
  const bytes = Buffer.allocUnsafeSlow(Math.min(lastBlock * blockSizeBytes, sizeBytes) - start);
  const handle = await open(file.path, 'r').catch((error: unknown) => {
    throw new HostError(`cannot open ${file.path}`, { cause: error });
  });
  try {
    await readSame(handle, file, { bytes, start });
  } finally {
    await handle.close();
  }
  return frameBlocks(bytes, { firstBlock, lastBlock, blockSizeBytes });
}

async function readSame(handle: FileHandle, file: SeenFile, into: { bytes: Buffer; start: number }): Promise<void> {
  const now = await handle.stat();
  if (now.ino !== file.inode || now.size !== file.sizeBytes || now.mtimeMs !== file.changedMs) throw changed(file.path);
  const { bytes, start } = into;
  const { bytesRead } = await handle.read(bytes, 0, bytes.byteLength, start);
  if (bytesRead !== bytes.byteLength) throw changed(file.path);
}

function changed(path: string): HostError {
  return new HostError(`${path} is not the file that was published`, {
    hint: 'Images are immutable once published: build or import the image again, as a new version.',
  });
}
