/** Pieces of files as DATA packets, in memory up to a limit: what was not entered for longest goes first. */
import type { Datagrams, SendBuffer } from '../host/datagram/port.ts';

/** Blocks one behind the other. */
export class Piece {
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly buffer: SendBuffer;
  /** Used of the buffer. */
  readonly lengthBytes: number;
  /** False: its memory was given back, and nothing may be sent out of it. */
  isHeld = true;

  constructor(buffer: SendBuffer, lengthBytes: number, firstBlock: number, lastBlock: number) {
    this.buffer = buffer;
    this.lengthBytes = lengthBytes;
    this.firstBlock = firstBlock;
    this.lastBlock = lastBlock;
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.buffer.release();
  }
}

/** Many little files of few bytes each are a limit too. */
const mostPieces = 8192;

export class PieceStore {
  readonly datagrams: Datagrams;
  readonly #limitBytes: number;
  /** In the order in which they were entered last; with what is to be done when one goes. */
  readonly #pieces = new Map<Piece, () => void>();
  #heldBytes = 0;

  constructor(datagrams: Datagrams, limitBytes: number) {
    this.datagrams = datagrams;
    this.#limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  hold(piece: Piece, gone: () => void): void {
    this.#pieces.set(piece, gone);
    this.#heldBytes += piece.buffer.bytes.byteLength;
  }

  enter(piece: Piece): void {
    const gone = this.#pieces.get(piece);
    if (gone === undefined) return;
    this.#pieces.delete(piece);
    this.#pieces.set(piece, gone);
  }

  /** Memory for one more piece. */
  allocate(lengthBytes: number): SendBuffer {
    for (const piece of this.#pieces.keys()) {
      if (this.#heldBytes + lengthBytes <= this.#limitBytes && this.#pieces.size < mostPieces) break;
      this.#drop(piece);
    }
    return this.datagrams.allocate(lengthBytes);
  }

  clear(): void {
    for (const piece of this.#pieces.keys()) this.#drop(piece);
  }

  #drop(piece: Piece): void {
    const gone = this.#pieces.get(piece);
    this.#heldBytes -= piece.buffer.bytes.byteLength;
    this.#pieces.delete(piece);
    piece.release();
    gone?.();
  }
}
