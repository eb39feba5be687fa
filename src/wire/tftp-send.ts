/** The sending side of one transfer, without socket and clock: events in, what to send out. RFC 1350, windows of RFC 7440. */
import { unreachable } from '../model/errors.ts';

/** Blocks count from 1 and never wrap here; on the wire they are taken modulo 65536. */
export interface Transfer {
  /** The one that is shorter than the rest, empty when the file is a multiple of the block size. */
  readonly lastBlock: number;
  readonly windowSize: number;
  /** Highest block the client has confirmed; 0 before the first, -1 while the OACK is unconfirmed. */
  readonly acked: number;
  /** Highest block sent. */
  readonly sent: number;
  /** How often in a row the unconfirmed part was sent again. */
  readonly resends: number;
}

export type TransferEvent =
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'timeout' };

export type TransferStep =
  | { readonly kind: 'send-options'; readonly transfer: Transfer }
  | { readonly kind: 'send-blocks'; readonly transfer: Transfer; readonly first: number; readonly last: number }
  | { readonly kind: 'wait'; readonly transfer: Transfer }
  | { readonly kind: 'done'; readonly transfer: Transfer }
  /** The client only wanted to know whether the file is there, or how long it is. */
  | { readonly kind: 'probed' }
  | { readonly kind: 'aborted'; readonly reason: string }
  | { readonly kind: 'silent'; readonly reason: string };

/** Ours: with waits of 1, 2, 4, 8, 8 and 8 s a board is given up after 31 s, when its own 30 s per file are over. */
export const maxResends = 5;

/** Error codes with which clients break off after the OACK: Pi firmware and iPXE send 0, UEFI and curl 8 (RFC 2347). */
const probeCodes: ReadonlySet<number> = new Set([0, 8]);

/** What is sent first: the OACK when an option holds, else the first blocks. */
export function startTransfer(file: {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly windowSize: number;
  readonly hasOptions: boolean;
}): TransferStep {
  const lastBlock = lastBlockOf(file.sizeBytes, file.blockSizeBytes);
  const fresh: Transfer = { lastBlock, windowSize: file.windowSize, acked: 0, sent: 0, resends: 0 };
  return file.hasOptions ? { kind: 'send-options', transfer: { ...fresh, acked: -1 } } : sendNext(fresh);
}

export function lastBlockOf(sizeBytes: number, blockSizeBytes: number): number {
  return Math.floor(sizeBytes / blockSizeBytes) + 1;
}

export function advance(transfer: Transfer, event: TransferEvent): TransferStep {
  switch (event.kind) {
    case 'ack':
      return onAck(transfer, event.block);
    case 'timeout':
      return onTimeout(transfer);
    case 'error':
      if (transfer.acked <= 0 && probeCodes.has(event.code)) return { kind: 'probed' };
      return { kind: 'aborted', reason: `client: ${event.message === '' ? `error ${event.code}` : event.message}` };
    default:
      return unreachable(event);
  }
}

function onAck(transfer: Transfer, block: number): TransferStep {
  if (transfer.acked === -1) return block === 0 ? sendNext({ ...transfer, acked: 0, resends: 0 }) : wait(transfer);
  const ahead = (block - transfer.acked) & 0xffff;
  // Answering an old or repeated ACK would double every later block (RFC 1123 §4.2.3.1, Sorcerer's Apprentice),
  // and start4.elf takes a repeated block for a new one and hangs.
  if (ahead === 0 || transfer.acked + ahead > transfer.sent) return wait(transfer);
  const acked = transfer.acked + ahead;
  const confirmed = { ...transfer, acked, resends: 0 };
  return acked === transfer.lastBlock ? { kind: 'done', transfer: confirmed } : sendNext(confirmed);
}

/** Only time makes us send again, never a packet. */
function onTimeout(transfer: Transfer): TransferStep {
  if (transfer.resends >= maxResends) {
    const what = transfer.acked === -1 ? 'the OACK' : `block ${transfer.acked + 1} of ${transfer.lastBlock}`;
    return { kind: 'silent', reason: `no ACK for ${what} after ${maxResends} resends` };
  }
  const again = { ...transfer, resends: transfer.resends + 1 };
  return again.acked === -1 ? { kind: 'send-options', transfer: again } : sendNext(again);
}

/** The window after the last confirmed block. An ACK inside a window says that the rest of it was lost: RFC 7440 §4. */
function sendNext(transfer: Transfer): TransferStep {
  const first = transfer.acked + 1;
  const last = Math.min(transfer.acked + transfer.windowSize, transfer.lastBlock);
  return { kind: 'send-blocks', transfer: { ...transfer, sent: last }, first, last };
}

function wait(transfer: Transfer): TransferStep {
  return { kind: 'wait', transfer };
}
