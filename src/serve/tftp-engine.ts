/**
 * All running transfers: ACKs in, blocks out, and one timer for all of them. What happens once for each block allocates
 * nothing; wire/tftp-send.ts decides what is sent.
 */
import type { DatagramPort } from '../host/datagram/port.ts';
import { WireError } from '../model/errors.ts';
import { decodeTftp, encodeTftp, tftpErrorCode } from '../wire/tftp.ts';
import { strideOf } from '../wire/tftp-frames.ts';
import type { SendStep } from '../wire/tftp-send.ts';
import { resendAfterMs, smoothRoundTrip } from '../wire/tftp-timing.ts';
import type { TftpCounters } from './tftp-counters.ts';
import type { TransferWatch } from './tftp-deps.ts';
import type { TftpPeer, TftpPeers } from './tftp-peers.ts';
import type { Piece } from './tftp-pieces.ts';
import { TokenBucket } from './tftp-bucket.ts';
import { TftpGathering } from './tftp-gather.ts';
import { explainShort, type FileTransfer, type Sending, type TransferEnd } from './tftp-transfer.ts';

const ackOpcode = 4;
const noAck = -1;

/** How exactly a resend comes, and a round trip is measured. */
const tickMs = 10;

/** After a tick so late the ACKs that came meanwhile are looked at first: they may be late because of us. */
const lateTickMs = 50;

const measureMs = 1000;

/** The kernel cuts one buffer into at most 64 datagrams, of no more than 65,507 bytes together. */
const mostSegments = 60;
const mostSegmentBytes = 65_000;

/** RFC 1350 §4 wants an ERROR for each; nobody is helped by more than these, and a flood gets no echo. */
const unknownIdsPerSecond = 50;

const unknownId = encodeTftp({ kind: 'error', code: tftpErrorCode.unknownTransferId, message: '' });

interface EngineDeps {
  readonly peers: TftpPeers;
  readonly counters: TftpCounters;
  readonly watch: TransferWatch | undefined;
  readonly silenceMs: number;
  readonly ended: (transfer: FileTransfer, end: TransferEnd) => void;
}

export class TftpEngine {
  readonly #deps: EngineDeps;
  /** In no order. */
  readonly #running: FileTransfer[] = [];
  readonly #unknownIds = new TokenBucket(unknownIdsPerSecond);
  readonly #gathering = new TftpGathering();
  #replies: readonly DatagramPort[] = [];
  #ticker: NodeJS.Timeout | undefined;
  #tickedAtMs = 0;
  #measuredAtMs = 0;
  /** Confirmed by transfers that have ended since the load was measured. */
  #endedBytes = 0;
  #wasLate = false;
  /** When the event came that is being dealt with: asked for once for each. */
  #nowMs = 0;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  get running(): readonly FileTransfer[] {
    return this.#running;
  }

  serveFrom(replies: readonly DatagramPort[]): void {
    this.#replies = replies;
  }

  /** It counts from now on; it is sent when its file has been found. */
  add(transfer: FileTransfer): void {
    transfer.place = this.#running.push(transfer) - 1;
    this.#deps.peers.began(transfer.peer, transfer);
    if (this.#ticker !== undefined) return;
    this.#tickedAtMs = performance.now();
    this.#measuredAtMs = this.#tickedAtMs;
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  start(transfer: FileTransfer, sending: Sending): void {
    this.#nowMs = performance.now();
    transfer.sending = sending;
    transfer.reply = this.#replies[this.#chooseReply(transfer.peer)];
    this.#perform(transfer, sending, sending.side.start());
  }

  /** @param index of the reply port that it came in by */
  received(index: number, slab: Buffer, start: number, length: number, address: number, port: number): void {
    const peer = this.#deps.peers.find(address, port);
    const block = ackedBlock(slab, start, length);
    const transfer = peer?.replyIndex === index ? peer.transfer : undefined;
    const sending = transfer?.sending;
    if (transfer === undefined || sending === undefined) {
      return this.#stray(peer, this.#replies[index], block, address, port);
    }
    if (block === noAck) return this.#other(transfer, slab.subarray(start, start + length));
    this.#ack(transfer, sending, block);
  }

  /** Also from port 69: boards that give a file up after 30 s say so there. */
  error(transfer: FileTransfer, { code, message }: { readonly code: number; readonly message: string }): void {
    const isProbe = transfer.sending?.side.isProbe(code) === true;
    const reason = `client: ${message === '' ? `error ${code}` : message}`;
    this.end(transfer, isProbe ? { outcome: 'probed' } : { outcome: 'aborted', reason });
  }

  end(transfer: FileTransfer, end: TransferEnd): void {
    if (transfer.isOver) return;
    const { peers, ended } = this.#deps;
    const last = this.#running.pop();
    if (last !== undefined && last !== transfer) {
      this.#running[transfer.place] = last;
      last.place = transfer.place;
    }
    transfer.place = -1;
    this.#endedBytes += (transfer.sending?.confirmedBytes ?? 0) - transfer.measuredBytes;
    transfer.sending?.source.close();
    peers.ended(transfer.peer, performance.now());
    this.#deps.counters.resends += transfer.resends;
    ended(transfer, end);
    if (this.#running.length > 0) return;
    this.#measure(performance.now());
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#gather(tickMs);
  }

  /** A peer gets another port than for its last transfer: an ACK of that one may still be on its way. */
  #chooseReply(peer: TftpPeer): number {
    peer.replyIndex = (peer.replyIndex + 1) % this.#replies.length;
    return peer.replyIndex;
  }

  #ack(transfer: FileTransfer, sending: Sending, block: number): void {
    const { side } = sending;
    const wasSentOnce = side.resends === 0;
    const wasHalfOpen = transfer.isHalfOpen;
    const step = side.ack(block);
    if (step === 'wait') return;
    if (wasHalfOpen && !transfer.isHalfOpen) this.#deps.watch?.began(transfer.address, sending.source.sizeBytes);
    this.#nowMs = performance.now();
    // Only the first answer to what was sent once can be measured (Karn's algorithm).
    if (wasSentOnce) transfer.roundTripMs = smoothRoundTrip(transfer.roundTripMs, this.#nowMs - transfer.sentAtMs);
    this.#perform(transfer, sending, step);
  }

  #other(transfer: FileTransfer, datagram: Uint8Array): void {
    try {
      const packet = decodeTftp(datagram);
      if (packet.kind === 'error') this.error(transfer, packet);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }

  /** Whoever had a transfer here may be late, and is left in peace; an ERROR is never answered. */
  #stray(
    peer: TftpPeer | undefined,
    reply: DatagramPort | undefined,
    block: number,
    address: number,
    port: number,
  ): void {
    this.#deps.counters.strays++;
    if (peer !== undefined || block === noAck || port === 0 || !this.#unknownIds.take(performance.now())) return;
    reply?.sendCopy(unknownId, address, port);
  }

  #perform(transfer: FileTransfer, sending: Sending, step: SendStep): void {
    switch (step) {
      case 'send-blocks':
        return this.#sendBlocks(transfer, sending, sending.side.acked + 1);
      case 'send-options':
        transfer.reply?.sendCopy(sending.oack, transfer.peer.address, transfer.peer.port);
        return this.#awaitAck(transfer, sending);
      case 'wait':
        return;
      case 'done':
        return this.end(transfer, { outcome: 'complete' });
      case 'silent':
        return this.end(transfer, { outcome: 'silent', reason: silence(sending) });
    }
  }

  #sendBlocks(transfer: FileTransfer, sending: Sending, first: number): void {
    const { peer, reply } = transfer;
    const stride = strideOf(sending.blockSizeBytes);
    const mostBlocks = Math.max(1, Math.min(mostSegments, Math.floor(mostSegmentBytes / stride)));
    const last = sending.side.sent;
    // Firewalls and the neighbour table see the first block and what is sent again.
    const isAnswering = !transfer.isHalfOpen && sending.side.resends === 0;
    transfer.sendings++;
    this.#gathering.sent(last - first + 1);
    for (let block = first; block <= last;) {
      const piece = pieceWith(transfer, sending, block);
      if (piece === undefined) return void this.#loadAndSend(transfer, sending, block);
      const end = Math.min(last, piece.lastBlock, block + mostBlocks - 1);
      const at = (block - piece.firstBlock) * stride;
      const length = end === piece.lastBlock ? piece.lengthBytes - at : (end - block + 1) * stride;
      if (end > block) reply?.send(piece.buffer, at, length, stride, peer.address, peer.port);
      else if (isAnswering) reply?.sendDirect(piece.buffer, at, length, peer.address, peer.port);
      else reply?.send(piece.buffer, at, length, 0, peer.address, peer.port);
      block = end + 1;
    }
    this.#awaitAck(transfer, sending);
  }

  /** The board's time runs, ours does not: a slow disk is not a lost datagram. */
  async #loadAndSend(transfer: FileTransfer, sending: Sending, block: number): Promise<void> {
    transfer.dueAtMs = Number.POSITIVE_INFINITY;
    const before = transfer.sendings;
    try {
      transfer.piece = await sending.source.load(block);
    } catch (error) {
      return this.end(transfer, { outcome: 'failed', reason: explainShort(error) });
    }
    this.#nowMs = performance.now();
    if (!transfer.isOver && before === transfer.sendings) this.#sendBlocks(transfer, sending, block);
  }

  #awaitAck(transfer: FileTransfer, { side, timeoutMs, floorMs }: Sending): void {
    const waitMs = timeoutMs > 0 ? timeoutMs : resendAfterMs(transfer.roundTripMs, side.resends, floorMs);
    transfer.sentAtMs = this.#nowMs;
    if (side.resends === 0) transfer.firstSentAtMs = this.#nowMs;
    transfer.dueAtMs = this.#nowMs + waitMs;
  }

  #tick(): void {
    const atMs = performance.now();
    this.#wasLate = !this.#wasLate && atMs - this.#tickedAtMs > lateTickMs;
    this.#gather(atMs - this.#tickedAtMs);
    this.#tickedAtMs = atMs;
    if (!this.#wasLate) setImmediate(() => this.#sendAgain(atMs));
    if (atMs - this.#measuredAtMs >= measureMs) this.#measure(atMs);
  }

  #gather(overMs: number): void {
    const microseconds = this.#gathering.judge(this.#running.length, overMs);
    if (microseconds !== undefined) for (const reply of this.#replies) reply.gather(microseconds);
  }

  #sendAgain(nowMs: number): void {
    const { silenceMs } = this.#deps;
    this.#nowMs = performance.now();
    // From the end: one that gives up takes itself out, and the last one takes its place.
    for (let place = this.#running.length - 1; place >= 0; place--) {
      const transfer = this.#running[place];
      if (transfer === undefined || transfer.dueAtMs > nowMs || transfer.sending === undefined) continue;
      const step = transfer.sending.side.timeout(nowMs - transfer.firstSentAtMs >= silenceMs);
      if (step !== 'silent') transfer.resends++;
      this.#perform(transfer, transfer.sending, step);
    }
  }

  #measure(atMs: number): void {
    const load = { transfers: 0, bytes: this.#endedBytes, bytesLeft: 0, boardBytesPerSecond: 0 };
    for (const transfer of this.#running) {
      if (transfer.sending === undefined || transfer.isHalfOpen) continue;
      const { confirmedBytes, source, blockSizeBytes, side } = transfer.sending;
      load.transfers++;
      load.bytes += confirmedBytes - transfer.measuredBytes;
      load.bytesLeft += source.sizeBytes - confirmedBytes;
      load.boardBytesPerSecond += (blockSizeBytes * side.windowSize * 1000) / Math.max(transfer.roundTripMs, 0.1);
      transfer.measuredBytes = confirmedBytes;
    }
    load.boardBytesPerSecond /= Math.max(load.transfers, 1);
    this.#deps.counters.bytes += load.bytes;
    this.#endedBytes = 0;
    const overMs = atMs - this.#measuredAtMs;
    this.#measuredAtMs = atMs;
    if (overMs > 0) this.#deps.watch?.measured({ ...load, overMs });
  }
}

/** @returns the block number of an ACK as on the wire, or `noAck` */
function ackedBlock(slab: Buffer, start: number, length: number): number {
  if (length < 4 || slab[start] !== 0 || slab[start + 1] !== ackOpcode) return noAck;
  return ((slab[start + 2] ?? 0) << 8) | (slab[start + 3] ?? 0);
}

/** Where the block is in memory; undefined when it has to be loaded first. */
function pieceWith(transfer: FileTransfer, sending: Sending, block: number): Piece | undefined {
  const { piece } = transfer;
  if (piece !== undefined && piece.isHeld && block >= piece.firstBlock && block <= piece.lastBlock) return piece;
  transfer.piece = sending.source.pieceWith(block);
  return transfer.piece;
}

function silence({ side }: Sending): string {
  const what = side.acked === -1 ? 'the OACK' : `block ${side.acked + 1} of ${side.lastBlock}`;
  return `no ACK for ${what} after ${side.resends} resends`;
}
