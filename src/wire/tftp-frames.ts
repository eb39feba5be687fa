/** DATA packets of a stretch of a file one behind the other, so that sending a block is naming a part of a buffer. */
import { dataHeaderBytes } from './tftp.ts';

const dataOpcode = 3;

/** From one packet to the next; only the last of a file may be shorter. */
export function strideOf(blockSizeBytes: number): number {
  return blockSizeBytes + dataHeaderBytes;
}

/**
 * @param bytes what `count` blocks from `firstBlock` on hold together; block numbers wrap from 65535 to 0
 * @returns how many bytes of `frames` are used
 */
export function frameBlocks(
  frames: Uint8Array,
  bytes: Uint8Array,
  blocks: { readonly firstBlock: number; readonly count: number; readonly blockSizeBytes: number },
): number {
  const { firstBlock, count, blockSizeBytes } = blocks;
  let at = 0;
  for (let index = 0; index < count; index++) {
    const start = index * blockSizeBytes;
    const block = firstBlock + index;
    frames[at] = 0;
    frames[at + 1] = dataOpcode;
    frames[at + 2] = (block >> 8) & 0xff;
    frames[at + 3] = block & 0xff;
    const part = bytes.subarray(start, start + blockSizeBytes);
    frames.set(part, at + dataHeaderBytes);
    at += dataHeaderBytes + part.byteLength;
  }
  return at;
}
