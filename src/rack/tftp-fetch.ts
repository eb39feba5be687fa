/**
 * The reading side of one TFTP transfer as Pi firmware does it: datagrams and time in, what to send out. No socket, no clock.
 * A block costs no allocation: hundreds of boards run in one process.
 */
import { unreachable, WireError } from '../model/errors.ts';
import { dataHeaderBytes, decodeTftp, type TftpPacket } from '../wire/tftp.ts';
import type { TftpClient } from './loaders.ts';
import type { FileRequest } from './firmware-files.ts';

export type FetchResult =
  | { readonly kind: 'loaded'; readonly sizeBytes: number }
  | { readonly kind: 'exists' }
  | { readonly kind: 'missing'; readonly reason: string }
  /** The file's time was over while it was being loaded: the loader starts anew. */
  | { readonly kind: 'late'; readonly reason: string };

/** `send`: packet() leaves. `end`: result is there, and packet() leaves when it is defined. */
export type FetchStep = 'nothing' | 'send' | 'end';

/** Gets each block once, in order; `at` is its place in the file. The bytes are valid during the call only. */
export type BlockSink = (bytes: Uint8Array, start: number, length: number, at: number) => void;

const dataOpcode = 3;

/** Without an answer to blksize a block has so many bytes: RFC 1350 §2. */
const plainBlockBytes = 512;

/** Block numbers have 16 bits. */
const lastBlock = 65_535;

/** What firmware says when it breaks off, always with code 0. */
const earlyTerminate: TftpPacket = { kind: 'error', code: 0, message: 'Early terminate' };

export class TftpFetch {
  readonly #request: FileRequest;
  readonly #client: TftpClient;
  readonly #sink: BlockSink;
  readonly #startedMs: number;
  #blockSizeBytes = plainBlockBytes;
  #hasAnswer = false;
  #received = 0;
  #sizeBytes = 0;
  #outgoing: 'request' | 'ack' | 'terminate request' | 'terminate transfer' | 'none' = 'request';
  #lastSentMs: number;
  #lastHeardMs: number;
  /** Blocks that came again. */
  repeats = 0;
  result: FetchResult | undefined;

  constructor(request: FileRequest, client: TftpClient, nowMs: number, sink: BlockSink) {
    this.#request = request;
    this.#client = client;
    this.#sink = sink;
    this.#startedMs = nowMs;
    this.#lastSentMs = nowMs;
    this.#lastHeardMs = nowMs;
  }

  /** Blocks that are here. */
  get received(): number {
    return this.#received;
  }

  /** False: the packet is for the server's port 69. */
  get isForTransfer(): boolean {
    return this.#outgoing === 'ack' || this.#outgoing === 'terminate transfer';
  }

  /** The block that packet() acknowledges; undefined when it is another packet. */
  get acknowledged(): number | undefined {
    return this.#outgoing === 'ack' ? this.#received & 0xffff : undefined;
  }

  /** What is to be sent now, or was sent last. */
  packet(): TftpPacket | undefined {
    switch (this.#outgoing) {
      case 'request':
        return { kind: 'read', path: this.#request.path, mode: 'octet', options: this.#options() };
      case 'ack':
        return { kind: 'ack', block: this.#received & 0xffff };
      case 'none':
        return undefined;
      case 'terminate request':
      case 'terminate transfer':
        return earlyTerminate;
      default:
        return unreachable(this.#outgoing);
    }
  }

  #options(): ReadonlyMap<string, string> {
    const { options, blockSizeBytes } = this.#client;
    return new Map(options.map((name) => [name, name === 'tsize' ? '0' : String(blockSizeBytes)]));
  }

  /** When `tick` has something to do next. */
  get nextTickMs(): number {
    const resend = this.#lastSentMs + this.#client.resendMs;
    const silence = this.#lastHeardMs + this.#client.silenceMs;
    return Math.min(resend, silence, this.#startedMs + (this.#client.fileTimeoutMs ?? Infinity));
  }

  tick(nowMs: number): FetchStep {
    if (this.#isOver(nowMs)) return this.#giveUp();
    if (nowMs - this.#lastHeardMs >= this.#client.silenceMs) return this.#giveUp();
    if (nowMs - this.#lastSentMs < this.#client.resendMs) return 'nothing';
    this.#lastSentMs = nowMs;
    return 'send';
  }

  receive(bytes: Uint8Array, start: number, length: number, nowMs: number): FetchStep {
    if (this.result !== undefined || length < dataHeaderBytes || bytes[start] !== 0) return 'nothing';
    if (this.#isOver(nowMs)) return this.#giveUp();
    this.#lastHeardMs = nowMs;
    if (bytes[start + 1] === dataOpcode) return this.#onData(bytes, start, length, nowMs);
    return this.#onOther(bytes.subarray(start, start + length), nowMs);
  }

  #isOver(nowMs: number): boolean {
    const { fileTimeoutMs } = this.#client;
    return fileTimeoutMs !== undefined && nowMs - this.#startedMs >= fileTimeoutMs;
  }

  #onOther(bytes: Uint8Array, nowMs: number): FetchStep {
    const packet = decode(bytes);
    if (packet?.kind === 'error') return this.#end({ kind: 'missing', reason: packet.message }, 'none');
    if (packet?.kind !== 'option-ack') return 'nothing';
    if (this.#request.mode === 'probe') return this.#end({ kind: 'exists' }, 'terminate transfer');
    if (this.#received > 0) return 'nothing';
    this.#hasAnswer = true;
    const size = Number(packet.options.get('blksize') ?? plainBlockBytes);
    if (Number.isInteger(size) && size > 0) this.#blockSizeBytes = size;
    return this.#acknowledge(nowMs);
  }

  #onData(bytes: Uint8Array, start: number, length: number, nowMs: number): FetchStep {
    if (this.#request.mode === 'probe') return this.#end({ kind: 'exists' }, 'terminate transfer');
    this.#hasAnswer = true;
    const block = ((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0);
    if (this.#received === lastBlock && !this.#client.countsOn) return 'nothing';
    // Block numbers wrap from 65535 to 0.
    if (block !== ((this.#received + 1) & 0xffff)) return this.#onOtherBlock(block, nowMs);
    const size = length - dataHeaderBytes;
    this.#sink(bytes, start + dataHeaderBytes, size, this.#sizeBytes);
    this.#received += 1;
    this.#sizeBytes += size;
    const step = this.#acknowledge(nowMs);
    return size >= this.#blockSizeBytes ? step : this.#end({ kind: 'loaded', sizeBytes: this.#sizeBytes }, 'ack');
  }

  /** Blocks from the future are passed over; what happens with one that is here depends on the loader's age. */
  #onOtherBlock(block: number, nowMs: number): FetchStep {
    if (this.#received === 0 || block !== (this.#received & 0xffff)) return 'nothing';
    this.repeats += 1;
    return this.#client.repeatedBlock === 'acknowledge' ? this.#acknowledge(nowMs) : 'nothing';
  }

  #acknowledge(nowMs: number): FetchStep {
    this.#outgoing = 'ack';
    this.#lastSentMs = nowMs;
    return 'send';
  }

  #giveUp(): FetchStep {
    const { fileTimeoutMs, silenceMs } = this.#client;
    const { path } = this.#request;
    const late =
      fileTimeoutMs === undefined
        ? `${path}: the server fell silent for ${silenceMs / 1000} s`
        : `${path} was not complete ${fileTimeoutMs / 1000} s after its request`;
    const result: FetchResult = this.#hasAnswer
      ? { kind: 'late', reason: late }
      : { kind: 'missing', reason: `no answer in ${silenceMs / 1000} s` };
    return this.#end(result, 'terminate request');
  }

  #end(result: FetchResult, outgoing: 'ack' | 'terminate request' | 'terminate transfer' | 'none'): FetchStep {
    this.result = result;
    this.#outgoing = outgoing;
    return 'end';
  }
}

function decode(datagram: Uint8Array): TftpPacket | undefined {
  try {
    return decodeTftp(datagram);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
