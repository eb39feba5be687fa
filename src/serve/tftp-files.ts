/** Files that boards ask for, cut into DATA packets once for each block size, and shared between the boards. */
import type { Datagrams } from '../host/datagram/port.ts';
import { frameBlocks, strideOf } from '../wire/tftp-frames.ts';
import type { NetasciiIndex } from '../wire/tftp-netascii.ts';
import { lastBlockOf } from '../wire/tftp-send.ts';
import type { BlockSource, TransferMode } from './tftp-blocks.ts';
import type { TftpCounters } from './tftp-counters.ts';
import { indexNetascii, OpenFile, readNetascii, readOctet, SeenFiles, type SeenFile } from './tftp-file.ts';
import { Piece, PieceStore } from './tftp-pieces.ts';
import { Turns } from './tftp-turns.ts';

/** One read of the disk; a board needs about 0.03 s for it. Small, so that pieces for hundreds of boards are held. */
const usualPieceBytes = 128 << 10;

/** More of them do not make a disk faster, and each holds memory. */
const mostReads = 8;

interface Cut {
  readonly blockSizeBytes: number;
  readonly mode: TransferMode;
}

export class FramedFiles {
  readonly #store: PieceStore;
  readonly #shared: Omit<Shared, 'forget'>;
  readonly #files = new Map<string, FramedFile>();
  readonly #seen = new SeenFiles(() => performance.now());

  constructor({
    datagrams,
    limitBytes,
    counters,
  }: {
    datagrams: Datagrams;
    limitBytes: number;
    counters: TftpCounters;
  }) {
    this.#store = new PieceStore(datagrams, limitBytes);
    this.#shared = { store: this.#store, counters, reads: new Turns(mostReads) };
  }

  /** @throws HostError when the file is not there or not as long as it should be */
  async open(file: { readonly path: string; readonly sizeBytes: number }, cut: Cut): Promise<BlockSource> {
    const seen = await this.#seen.see(file);
    const key = keyOf(seen, cut);
    const framed = this.#files.get(key) ?? this.#add(key, seen, cut);
    return framed.open();
  }

  close(): void {
    this.#store.clear();
  }

  #add(key: string, seen: SeenFile, cut: Cut): FramedFile {
    const forget = (): void => {
      if (this.#files.get(key) === framed) this.#files.delete(key);
    };
    const framed = new FramedFile(seen, cut, { ...this.#shared, forget });
    this.#files.set(key, framed);
    return framed;
  }
}

function keyOf({ path, inode, changedMs, sizeBytes }: SeenFile, { blockSizeBytes, mode }: Cut): string {
  return [path, inode, changedMs, sizeBytes, blockSizeBytes, mode].join('\0');
}

interface Shared {
  readonly store: PieceStore;
  readonly counters: TftpCounters;
  readonly reads: Turns;
  /** Nobody uses it, and nothing of it is in memory. */
  readonly forget: () => void;
}

class FramedFile implements BlockSource {
  readonly #file: OpenFile;
  readonly #cut: Cut;
  readonly #shared: Shared;
  readonly #blocksPerPiece: number;
  readonly #pieces = new Map<number, Piece>();
  readonly #loading = new Map<number, Promise<Piece>>();
  #netascii: Promise<NetasciiIndex> | undefined;
  #users = 0;
  sizeBytes: number;

  constructor(seen: SeenFile, cut: Cut, shared: Shared) {
    this.#file = new OpenFile(seen);
    this.#cut = cut;
    this.#shared = shared;
    this.#blocksPerPiece = Math.max(1, Math.floor(usualPieceBytes / strideOf(cut.blockSizeBytes)));
    this.sizeBytes = seen.sizeBytes;
  }

  async open(): Promise<BlockSource> {
    this.#users++;
    this.#file.use();
    if (this.#cut.mode === 'octet') return this;
    try {
      this.#netascii ??= this.#shared.reads.take(() => indexNetascii(this.#file, this.#pieceBytes));
      this.sizeBytes = (await this.#netascii).sizeBytes;
      return this;
    } catch (error) {
      this.#netascii = undefined;
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#users--;
    this.#file.leave();
    this.#forgetUnused();
  }

  pieceWith(block: number): Piece | undefined {
    const index = this.#indexOf(block);
    const piece = this.#pieces.get(index);
    if (piece !== undefined) this.#enter(index, piece);
    return piece;
  }

  async load(block: number): Promise<Piece> {
    const index = this.#indexOf(block);
    const piece = await this.#load(index);
    this.#enter(index, piece);
    return piece;
  }

  get #pieceBytes(): number {
    return this.#blocksPerPiece * this.#cut.blockSizeBytes;
  }

  #indexOf(block: number): number {
    return Math.floor((block - 1) / this.#blocksPerPiece);
  }

  /** The next piece is read while this one is on its way; should that fail, it is read again when its turn comes. */
  #enter(index: number, piece: Piece): void {
    this.#shared.store.enter(piece);
    if ((index + 1) * this.#pieceBytes > this.sizeBytes || this.#pieces.has(index + 1)) return;
    this.#load(index + 1).catch(() => undefined);
  }

  /** Once, however many ask at the same time. A load that fails is tried anew by whoever asks next. */
  #load(index: number): Promise<Piece> {
    const held = this.#pieces.get(index);
    if (held !== undefined) return Promise.resolve(held);
    const running = this.#loading.get(index);
    if (running !== undefined) return running;
    const loading = this.#shared.reads
      .take(() => this.#read(index))
      .finally(() => {
        this.#loading.delete(index);
        this.#forgetUnused();
      });
    this.#loading.set(index, loading);
    return loading;
  }

  async #read(index: number): Promise<Piece> {
    const { store, counters } = this.#shared;
    const { blockSizeBytes } = this.#cut;
    const stretch = { index, pieceBytes: this.#pieceBytes };
    const netascii = await this.#netascii;
    counters.reads++;
    const bytes = await (netascii === undefined
      ? readOctet(this.#file, stretch)
      : readNetascii(this.#file, netascii, stretch));
    const firstBlock = index * this.#blocksPerPiece + 1;
    const count = Math.min(this.#blocksPerPiece, lastBlockOf(this.sizeBytes, blockSizeBytes) - firstBlock + 1);
    const buffer = store.allocate(bytes.byteLength + count * (strideOf(blockSizeBytes) - blockSizeBytes));
    const used = frameBlocks(buffer.bytes, bytes, { firstBlock, count, blockSizeBytes });
    const piece = new Piece(buffer, used, firstBlock, firstBlock + count - 1);
    this.#pieces.set(index, piece);
    store.hold(piece, () => {
      this.#pieces.delete(index);
      this.#forgetUnused();
    });
    counters.cachedBytes = store.heldBytes;
    return piece;
  }

  #forgetUnused(): void {
    if (this.#users === 0 && this.#pieces.size === 0 && this.#loading.size === 0) this.#shared.forget();
  }
}
