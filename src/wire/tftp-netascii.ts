/** Text as RFC 764 sends it: a line feed as CR LF, a carriage return as CR NUL. Bytes in, bytes out, piece by piece. */

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Where translation goes on: `dropBytes` of what the byte at `source` becomes were in the piece before. */
export interface NetasciiPlace {
  readonly source: number;
  readonly dropBytes: 0 | 1;
}

/** A text's length in netascii, and where in the original each piece of the translation begins. */
export interface NetasciiIndex {
  readonly sizeBytes: number;
  readonly pieces: readonly NetasciiPlace[];
}

/** Counts a text that comes in parts, and notes where its pieces begin. */
export class NetasciiCounter {
  readonly #pieceBytes: number;
  readonly #pieces: NetasciiPlace[] = [{ source: 0, dropBytes: 0 }];
  #source = 0;
  #sizeBytes = 0;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  add(bytes: Uint8Array): void {
    let plainFrom = 0;
    for (let at = 0; at < bytes.byteLength; at++) {
      const byte = bytes[at];
      if (byte !== lineFeed && byte !== carriageReturn) continue;
      this.#addPlain(at - plainFrom);
      this.#addPair();
      plainFrom = at + 1;
    }
    this.#addPlain(bytes.byteLength - plainFrom);
  }

  index(): NetasciiIndex {
    return { sizeBytes: this.#sizeBytes, pieces: this.#pieces };
  }

  #addPlain(count: number): void {
    for (let border = this.#border(); border <= this.#sizeBytes + count; border += this.#pieceBytes) {
      this.#pieces.push({ source: this.#source + border - this.#sizeBytes, dropBytes: 0 });
    }
    this.#source += count;
    this.#sizeBytes += count;
  }

  #addPair(): void {
    const border = this.#border();
    if (border === this.#sizeBytes + 1) this.#pieces.push({ source: this.#source, dropBytes: 1 });
    if (border === this.#sizeBytes + 2) this.#pieces.push({ source: this.#source + 1, dropBytes: 0 });
    this.#source++;
    this.#sizeBytes += 2;
  }

  /** Where the next piece begins. */
  #border(): number {
    return this.#pieces.length * this.#pieceBytes;
  }
}

/** @returns the netascii form of `bytes`, without its first `dropBytes` and no longer than `maxBytes` */
export function toNetascii(bytes: Uint8Array, dropBytes = 0, maxBytes = Number.POSITIVE_INFINITY): Uint8Array {
  const text = new Uint8Array(Math.min(bytes.byteLength * 2, maxBytes + dropBytes + 1));
  let length = 0;
  for (let at = 0; at < bytes.byteLength && length < maxBytes + dropBytes; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === lineFeed) text[length++] = carriageReturn;
    text[length++] = byte;
    if (byte === carriageReturn) text[length++] = 0;
  }
  return text.subarray(dropBytes, Math.min(length, maxBytes + dropBytes));
}
