/** Pieces of files that boards ask for, in memory up to a limit: what was not used for longest goes first. */

export class PieceCache<Piece> {
  readonly #limitBytes: number;
  readonly #sizeOf: (piece: Piece) => number;
  /** In order of last use. */
  readonly #pieces = new Map<string, Piece>();
  readonly #loading = new Map<string, Promise<Piece>>();
  #heldBytes = 0;

  constructor(limitBytes: number, sizeOf: (piece: Piece) => number) {
    this.#limitBytes = limitBytes;
    this.#sizeOf = sizeOf;
  }

  get(key: string): Piece | undefined {
    const piece = this.#pieces.get(key);
    if (piece === undefined) return undefined;
    this.#pieces.delete(key);
    this.#pieces.set(key, piece);
    return piece;
  }

  /** Loads it once, however many ask at the same time. A load that fails is tried anew by whoever asks next. */
  async load(key: string, read: () => Promise<Piece>): Promise<Piece> {
    const held = this.get(key);
    if (held !== undefined) return held;
    const running = this.#loading.get(key);
    if (running !== undefined) return running;
    const loading = read();
    this.#loading.set(key, loading);
    try {
      const piece = await loading;
      this.#hold(key, piece);
      return piece;
    } finally {
      this.#loading.delete(key);
    }
  }

  #hold(key: string, piece: Piece): void {
    this.#pieces.set(key, piece);
    this.#heldBytes += this.#sizeOf(piece);
    for (const [oldest, old] of this.#pieces) {
      if (this.#heldBytes <= this.#limitBytes) return;
      this.#pieces.delete(oldest);
      this.#heldBytes -= this.#sizeOf(old);
    }
  }
}
