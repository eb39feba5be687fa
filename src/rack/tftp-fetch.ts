/** The reading side of one TFTP transfer as Pi firmware does it: packets and time in, packets out. No socket, no clock. */
import { unreachable } from '../model/errors.ts';
import type { TftpPacket } from '../wire/tftp.ts';
import type { FileRequest } from './firmware-files.ts';

/** Measured: what was sent last (RRQ or ACK) is sent again after 2.0 s of silence. */
const resendMs = 2000;

/** TFTP_FILE_TIMEOUT: counted from the RRQ, even while data flows. */
const fileTimeoutMs = 30_000;

export type FetchResult =
  | { readonly kind: 'loaded'; readonly bytes: Uint8Array }
  | { readonly kind: 'exists' }
  | { readonly kind: 'missing'; readonly reason: string }
  /** The file's time was over while it was being loaded: the loader starts anew. */
  | { readonly kind: 'late'; readonly reason: string };

export interface FetchStep {
  readonly send?: { readonly packet: TftpPacket; readonly to: 'port 69' | 'transfer' };
  readonly result?: FetchResult;
}

const nothing: FetchStep = {};
/** What firmware says when it breaks off, always with code 0. */
const earlyTerminate: TftpPacket = { kind: 'error', code: 0, message: 'Early terminate' };

export class TftpFetch {
  readonly #request: FileRequest;
  readonly #startedMs: number;
  readonly #chunks: Uint8Array[] = [];
  #blockSizeBytes = 512;
  #hasAnswer = false;
  #lastSent: FetchStep;
  #lastHeardOrSentMs: number;

  constructor(request: FileRequest, options: { readonly blockSizeBytes: number; readonly nowMs: number }) {
    this.#request = request;
    this.#startedMs = options.nowMs;
    this.#lastHeardOrSentMs = options.nowMs;
    const asked = new Map([
      ['tsize', '0'],
      ['blksize', String(options.blockSizeBytes)],
    ]);
    this.#lastSent = {
      send: { packet: { kind: 'read', path: request.path, mode: 'octet', options: asked }, to: 'port 69' },
    };
  }

  start(): FetchStep {
    return this.#lastSent;
  }

  /** When `tick` has something to do next. */
  get nextTickMs(): number {
    return Math.min(this.#lastHeardOrSentMs + resendMs, this.#startedMs + fileTimeoutMs);
  }

  tick(nowMs: number): FetchStep {
    if (nowMs - this.#startedMs >= fileTimeoutMs) return this.#giveUp();
    if (nowMs - this.#lastHeardOrSentMs < resendMs) return nothing;
    this.#lastHeardOrSentMs = nowMs;
    return this.#lastSent;
  }

  receive(packet: TftpPacket, nowMs: number): FetchStep {
    if (nowMs - this.#startedMs >= fileTimeoutMs) return this.#giveUp();
    this.#lastHeardOrSentMs = nowMs;
    switch (packet.kind) {
      case 'error':
        return { result: { kind: 'missing', reason: packet.message } };
      case 'option-ack':
        return this.#onOptions(packet.options);
      case 'data':
        return this.#onData(packet.block, packet.bytes);
      case 'read':
      case 'write':
      case 'ack':
        return nothing;
      default:
        return unreachable(packet);
    }
  }

  #giveUp(): FetchStep {
    const seconds = fileTimeoutMs / 1000;
    const result: FetchResult = this.#hasAnswer
      ? { kind: 'late', reason: `${this.#request.path} was not complete ${seconds} s after its request` }
      : { kind: 'missing', reason: `no answer in ${seconds} s` };
    return { send: { packet: earlyTerminate, to: 'port 69' }, result };
  }

  #onOptions(options: ReadonlyMap<string, string>): FetchStep {
    if (this.#request.mode === 'probe') return this.#exists();
    if (this.#chunks.length > 0) return nothing;
    this.#hasAnswer = true;
    const size = Number(options.get('blksize') ?? '512');
    if (Number.isInteger(size) && size > 0) this.#blockSizeBytes = size;
    return this.#acknowledge(0);
  }

  #onData(block: number, bytes: Uint8Array): FetchStep {
    if (this.#request.mode === 'probe') return this.#exists();
    this.#hasAnswer = true;
    const received = this.#chunks.length;
    // Block numbers wrap from 65535 to 0.
    if (block !== ((received + 1) & 0xffff)) {
      // A repeated block is confirmed again, as firmware does since 2021; anything else is passed over.
      return received > 0 && block === (received & 0xffff) ? this.#acknowledge(block) : nothing;
    }
    // The datagram's buffer is not ours to keep.
    this.#chunks.push(Uint8Array.from(bytes));
    const step = this.#acknowledge(block);
    if (bytes.byteLength >= this.#blockSizeBytes) return step;
    return { ...step, result: { kind: 'loaded', bytes: Buffer.concat(this.#chunks) } };
  }

  #acknowledge(block: number): FetchStep {
    this.#lastSent = { send: { packet: { kind: 'ack', block }, to: 'transfer' } };
    return this.#lastSent;
  }

  #exists(): FetchStep {
    return { send: { packet: earlyTerminate, to: 'transfer' }, result: { kind: 'exists' } };
  }
}
