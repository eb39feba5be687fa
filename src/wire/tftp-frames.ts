/** DATA packets of a stretch of a file in one buffer, so that sending a block is taking a slice. */
import { dataHeaderBytes } from './tftp.ts';

const dataOpcode = 3;

/** Equally long packets one behind the other; only the last may be shorter. */
export interface DataFrames {
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly blockSizeBytes: number;
  readonly buffer: Uint8Array;
}

/** @param bytes what blocks `firstBlock` to `lastBlock` hold together; block numbers wrap from 65535 to 0 */
export function frameBlocks(
  bytes: Uint8Array,
  blocks: { readonly firstBlock: number; readonly lastBlock: number; readonly blockSizeBytes: number },
): DataFrames {
  const { firstBlock, lastBlock, blockSizeBytes } = blocks;
  const count = lastBlock - firstBlock + 1;
  // Not from the pool: these buffers live long and would pin it.
  const buffer = Buffer.allocUnsafeSlow(bytes.byteLength + count * dataHeaderBytes);
  for (let index = 0; index < count; index++) {
    const at = index * (blockSizeBytes + dataHeaderBytes);
    buffer.writeUInt16BE(dataOpcode, at);
    buffer.writeUInt16BE((firstBlock + index) & 0xffff, at + 2);
    buffer.set(bytes.subarray(index * blockSizeBytes, (index + 1) * blockSizeBytes), at + dataHeaderBytes);
  }
  return { ...blocks, buffer };
}

/** @returns the whole DATA packet of one block of the stretch */
export function frameOf(frames: DataFrames, block: number): Uint8Array {
  const stride = frames.blockSizeBytes + dataHeaderBytes;
  const at = (block - frames.firstBlock) * stride;
  return frames.buffer.subarray(at, block === frames.lastBlock ? undefined : at + stride);
}
