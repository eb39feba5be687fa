/** A decoder as the fuzzer sees it: bytes in, and a promise that is broken or kept. */
import { PiImageError, WireError } from '../../src/model/errors.ts';

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: () => readonly Uint8Array[];
  /** What chance alone would take too long to write. */
  readonly words: readonly (string | readonly number[])[];
  readonly maxBytes: number;
  /** Where one input is a small part of what is read. */
  readonly wholeBytes?: number;
  /** 50 otherwise. */
  readonly slowMs?: number;
  /** For checksums and the like: mends what mutation always breaks. */
  readonly repair?: (bytes: Uint8Array) => void;
  /**
   * @throws when a promise is broken: an error of another kind, a value that does not survive its encoder…
   * @returns what kind of input it was; a kind that is new is kept and mutated further
   */
  readonly run: (bytes: Uint8Array) => string;
}

/** What the decoder makes of it, or undefined where it refuses it in the way that it says. */
export function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** As `decoded`, for texts that people or programs wrote. */
export function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}

export const refused = 'refused';

/** Counts of one size have one name, so that a longer list is news and a slightly longer one is not. */
export function sizeName(count: number): string {
  return String(Math.ceil(Math.log2(count + 1)));
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** @param what a sentence for whoever has to mend it */
export function promise(isKept: boolean, what: string): void {
  if (!isKept) throw new Error(what);
}
