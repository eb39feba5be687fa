/** What the boards of a storm must be given: the files of the image, and whether what came is the same byte for byte. */
import type { FileAnswer } from '../firmware-files.ts';

export interface BootContents {
  /** By name without prefix, as the image's manifest has them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly kernels: ReadonlySet<string>;
}

/** Firmware's own limit for config.txt is 4 KiB; a command line is shorter. */
const longestText = 8192;

/** `<serial>/kernel8.img` -> `kernel8.img` */
export function withoutPrefix(path: string): string {
  return path.replace(/^[0-9a-f]{8}\//, '');
}

/** One file on its way. Files that are not the image's are rendered for the board: their text is kept. */
export class FileCheck {
  readonly name: string;
  readonly #expected: Uint8Array | undefined;
  #text = Buffer.alloc(0);
  #isDifferent = false;
  #sizeBytes = 0;

  constructor(path: string, contents: BootContents) {
    this.name = withoutPrefix(path);
    this.#expected = contents.files.get(this.name);
  }

  take(bytes: Uint8Array, start: number, length: number, at: number): void {
    this.#sizeBytes = at + length;
    if (this.#expected === undefined) return this.#keep(bytes.subarray(start, start + length));
    if (this.#sizeBytes > this.#expected.byteLength || !isSame(this.#expected, at, bytes, start, length)) {
      this.#isDifferent = true;
    }
  }

  #keep(bytes: Uint8Array): void {
    if (this.#sizeBytes <= longestText) this.#text = Buffer.concat([this.#text, bytes]);
  }

  /** When all of it is here. @returns what is wrong with it */
  problem(): string | undefined {
    if (this.#expected === undefined) {
      return this.#sizeBytes > longestText ? `${this.name} has ${this.#sizeBytes} bytes` : undefined;
    }
    const isShort = this.#sizeBytes !== this.#expected.byteLength;
    return this.#isDifferent || isShort ? `${this.name} is not the file of the image` : undefined;
  }

  answer(): FileAnswer {
    return this.#expected ?? this.#text;
  }
}

/** A comparison by the engine costs a tenth of a hash over the same bytes. */
function isSame(expected: Uint8Array, at: number, bytes: Uint8Array, start: number, length: number): boolean {
  return Buffer.prototype.compare.call(expected, bytes, start, start + length, at, at + length) === 0;
}
