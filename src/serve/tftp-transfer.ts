/** One file that one board has asked for: where it stands, in numbers. The engine moves it on. */
import type { DatagramPort } from '../host/datagram/port.ts';
import { PiImageError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { SendingSide } from '../wire/tftp-send.ts';
import type { BlockSource } from './tftp-blocks.ts';
import type { TftpOutcome } from './tftp-deps.ts';
import type { TftpPeer } from './tftp-peers.ts';
import type { Piece } from './tftp-pieces.ts';

/** What is sent, and how; there when the file was found. */
export class Sending {
  readonly side: SendingSide;
  readonly source: BlockSource;
  readonly blockSizeBytes: number;
  /** Empty when no option holds. */
  readonly oack: Uint8Array;
  /** The client's own wish; 0 leaves it to measured round trips. */
  readonly timeoutMs: number;
  readonly floorMs: number;

  constructor(spec: {
    readonly side: SendingSide;
    readonly source: BlockSource;
    readonly blockSizeBytes: number;
    readonly oack: Uint8Array;
    readonly timeoutMs: number;
    readonly floorMs: number;
  }) {
    this.side = spec.side;
    this.source = spec.source;
    this.blockSizeBytes = spec.blockSizeBytes;
    this.oack = spec.oack;
    this.timeoutMs = spec.timeoutMs;
    this.floorMs = spec.floorMs;
  }

  get confirmedBytes(): number {
    return Math.min(Math.max(this.side.acked, 0) * this.blockSizeBytes, this.source.sizeBytes);
  }
}

export interface TransferEnd {
  readonly outcome: TftpOutcome;
  readonly reason?: string | undefined;
}

export class FileTransfer {
  readonly peer: TftpPeer;
  readonly path: string;
  readonly address: Ipv4Address;
  readonly startedAtMs: number;
  /** undefined while the file is looked up. */
  sending: Sending | undefined = undefined;
  /** The port it is served from. */
  reply: DatagramPort | undefined = undefined;
  /** What its newest block is in. */
  piece: Piece | undefined = undefined;
  /** Sends again then, unless something was confirmed. */
  dueAtMs = Number.POSITIVE_INFINITY;
  sentAtMs = 0;
  /** When what is unconfirmed was sent for the first time. */
  firstSentAtMs = 0;
  /** Below 0: nothing measured yet. */
  roundTripMs = -1;
  /** Counts what was started to be sent, so that a slow read does not send on after a newer step. */
  sendings = 0;
  resends = 0;
  /** Its place among those that run; -1 when it is over. */
  place = -1;
  /** Confirmed when the load was measured last. */
  measuredBytes = 0;

  constructor(peer: TftpPeer, address: Ipv4Address, path: string, startedAtMs: number) {
    this.peer = peer;
    this.address = address;
    this.path = path;
    this.startedAtMs = startedAtMs;
  }

  get isOver(): boolean {
    return this.place === -1;
  }

  /** Its client has confirmed nothing but that it has the OACK. */
  get isHalfOpen(): boolean {
    return this.sending === undefined || this.sending.side.acked <= 0;
  }

  /** It had got on its way, and its client has gone quiet. */
  get isStalled(): boolean {
    return this.sending !== undefined && this.sending.side.acked > 0 && this.sending.side.resends > 0;
  }
}

/** A transfer that fails for a reason of ours must never be more than this transfer. */
export function explainShort(error: unknown): string {
  if (!(error instanceof PiImageError)) return `bug: ${error instanceof Error ? error.message : String(error)}`;
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
