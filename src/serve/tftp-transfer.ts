/** One file on its way to one board: a port of its own, a timer, and the machine of wire/tftp-send.ts. */
import { openToPeer, type Endpoint, type PeerSocket } from '../host/datagram.ts';
import { PiImageError, unreachable, WireError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { decodeTftp, encodeTftp, type TftpPacket } from '../wire/tftp.ts';
import type { TransferOptions } from '../wire/tftp-options.ts';
import { advance, startTransfer, type Transfer, type TransferEvent, type TransferStep } from '../wire/tftp-send.ts';
import { resendAfterMs, smoothRoundTrip } from '../wire/tftp-timing.ts';
import type { BlockSource } from './tftp-blocks.ts';

export interface TransferSpec {
  /** Ours; the port is chosen by the kernel (RFC 1350 §4). */
  readonly address: Ipv4Address;
  readonly peer: Endpoint;
  readonly sizeBytes: number;
  readonly options: TransferOptions;
  readonly blocks: BlockSource;
  readonly resendFloorMs: number;
}

export interface TransferEnd {
  /** `complete`: all confirmed. `probed`: the board only looked. `replaced`: it asked anew from the same port. */
  readonly outcome: 'complete' | 'probed' | 'aborted' | 'silent' | 'gone' | 'replaced' | 'failed' | 'stopped';
  /** Of the file, confirmed by the board. */
  readonly bytes: number;
  readonly reason?: string | undefined;
}

type Ending = Omit<TransferEnd, 'bytes'>;

export class FileTransfer {
  /** Resolves once, whatever happens; the port is free then. */
  readonly ended: Promise<TransferEnd>;
  readonly #spec: TransferSpec;
  readonly #oack: Uint8Array;
  #resolve: (end: TransferEnd) => void = () => undefined;
  #isOver = false;
  #socket: PeerSocket | undefined;
  #transfer: Transfer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  #sentAtMs = 0;
  #roundTripMs: number | undefined;
  /** Counts what was started to be sent, so that a slow read does not send on after a newer step. */
  #sending = 0;

  constructor(spec: TransferSpec) {
    this.#spec = spec;
    this.#oack = encodeTftp({ kind: 'option-ack', options: spec.options.accepted });
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  async start(): Promise<void> {
    const { address, peer, sizeBytes, options } = this.#spec;
    try {
      this.#socket = await openToPeer(address, peer, {
        received: (bytes) => this.#onDatagram(bytes),
        gone: () => this.end({ outcome: 'gone', reason: 'nobody is at the port that asked' }),
      });
    } catch (error) {
      return this.end({ outcome: 'failed', reason: explainShort(error) });
    }
    if (this.#isOver) return this.#socket.close();
    this.#perform(startTransfer({ sizeBytes, ...options, hasOptions: options.accepted.size > 0 }));
  }

  /** It had got on its way, and its client has gone quiet. */
  get isStalled(): boolean {
    return this.#transfer !== undefined && this.#transfer.acked > 0 && this.#transfer.resends > 0;
  }

  /** From the transfer's own port, or from port 69: boards send an ERROR there as well. */
  receive(packet: TftpPacket): void {
    if (packet.kind === 'ack' || packet.kind === 'error') this.#on(packet);
  }

  end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    const { sizeBytes, options } = this.#spec;
    const confirmed = Math.max(this.#transfer?.acked ?? 0, 0) * options.blockSizeBytes;
    this.#resolve({ ...ending, bytes: Math.min(confirmed, sizeBytes) });
  }

  #onDatagram(bytes: Buffer): void {
    try {
      this.receive(decodeTftp(bytes));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }

  #on(event: TransferEvent): void {
    if (this.#isOver || this.#transfer === undefined) return;
    const before = this.#transfer;
    const step = advance(before, event);
    // Only the first answer to what was sent once can be measured (Karn's algorithm).
    if (event.kind === 'ack' && step.kind === 'send-blocks' && before.resends === 0) {
      this.#roundTripMs = smoothRoundTrip(this.#roundTripMs, performance.now() - this.#sentAtMs);
    }
    this.#perform(step);
  }

  #perform(step: TransferStep): void {
    if ('transfer' in step) this.#transfer = step.transfer;
    switch (step.kind) {
      case 'send-blocks':
        return this.#sendBlocks(step.first, step.last);
      case 'send-options':
        this.#socket?.send(this.#oack);
        return this.#awaitAck();
      case 'wait':
        return;
      case 'done':
        return this.end({ outcome: 'complete' });
      case 'probed':
        return this.end({ outcome: 'probed' });
      case 'aborted':
      case 'silent':
        return this.end({ outcome: step.kind, reason: step.reason });
      default:
        return unreachable(step);
    }
  }

  #sendBlocks(first: number, last: number): void {
    this.#sending++;
    for (let block = first; block <= last; block++) {
      const frame = this.#spec.blocks.frame(block);
      if (frame === undefined) return void this.#loadAndSend(block, last);
      this.#socket?.send(frame);
    }
    this.#awaitAck();
  }

  /** The board's time runs, ours does not: a slow disk is not a lost datagram. */
  async #loadAndSend(block: number, last: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sending = this.#sending;
    try {
      await this.#spec.blocks.load(block);
    } catch (error) {
      return this.end({ outcome: 'failed', reason: explainShort(error) });
    }
    if (!this.#isOver && sending === this.#sending) this.#sendBlocks(block, last);
  }

  #awaitAck(): void {
    this.#sentAtMs = performance.now();
    const waitMs = this.#waitMs();
    if (this.#timer !== undefined && waitMs === this.#timerMs) return void this.#timer.refresh();
    clearTimeout(this.#timer);
    this.#timerMs = waitMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#on({ kind: 'timeout' });
    }, waitMs);
  }

  #waitMs(): number {
    const { options, resendFloorMs } = this.#spec;
    return options.timeoutMs ?? resendAfterMs(this.#roundTripMs, this.#transfer?.resends ?? 0, resendFloorMs);
  }
}

/** A transfer that fails for a reason of ours must never be more than this transfer. */
export function explainShort(error: unknown): string {
  if (!(error instanceof PiImageError)) return `bug: ${error instanceof Error ? error.message : String(error)}`;
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
