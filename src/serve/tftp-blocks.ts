/** Where a transfer's blocks come from: bytes made for this board, or a file that is read piece by piece and shared. */
import type { Datagrams } from '../host/datagram/port.ts';
import { frameBlocks, strideOf } from '../wire/tftp-frames.ts';
import { toNetascii } from '../wire/tftp-netascii.ts';
import { lastBlockOf } from '../wire/tftp-send.ts';
import { Piece } from './tftp-pieces.ts';

export type TransferMode = 'octet' | 'netascii';

export interface BlockSource {
  /** As it is sent: in netascii longer than the file. */
  readonly sizeBytes: number;
  /** undefined when it has to be loaded first. */
  pieceWith(block: number): Piece | undefined;
  /** @throws HostError */
  load(block: number): Promise<Piece>;
  /** No block is asked for after it. */
  close(): void;
}

/** Never cached: what is made for one board may hold its token. */
export function bytesToSend(bytes: Uint8Array, mode: TransferMode): Uint8Array {
  return mode === 'netascii' ? toNetascii(bytes) : bytes;
}

export function blocksOfBytes(bytes: Uint8Array, blockSizeBytes: number, datagrams: Datagrams): BlockSource {
  const lastBlock = lastBlockOf(bytes.byteLength, blockSizeBytes);
  const buffer = datagrams.allocate(bytes.byteLength + lastBlock * (strideOf(blockSizeBytes) - blockSizeBytes));
  const used = frameBlocks(buffer.bytes, bytes, { firstBlock: 1, count: lastBlock, blockSizeBytes });
  const piece = new Piece(buffer, used, 1, lastBlock);
  return {
    sizeBytes: bytes.byteLength,
    pieceWith: () => piece,
    load: () => Promise.resolve(piece),
    close: () => piece.release(),
  };
}
