/** Blocks of zeros take no room on a disk that is not told to write them. */

const zeros = Buffer.alloc(1 << 20);

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.byteLength; at += zeros.byteLength) {
    const piece = bytes.subarray(at, at + zeros.byteLength);
    if (zeros.compare(piece, 0, piece.byteLength, 0, piece.byteLength) !== 0) return false;
  }
  return true;
}
