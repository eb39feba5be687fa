/** What a turn of the event loop sends with the addon: collected from all ports, and handed over in one call. */
import { systemError } from './errors.ts';
import { requireInside } from './limits.ts';
import { outboxItems, outboxWords, type Native } from './native.ts';
import type { SendBuffer } from './port.ts';

/** Copies are made into memory of this size; longer than any datagram. */
const chunkBytes = 128 << 10;

export class Outbox {
  readonly #native: Native;
  readonly #words: Uint32Array;
  readonly #lost = new Map<number, (error: Error) => void>();
  readonly #released: AddonBuffer[] = [];
  readonly #flush = (): void => this.flush();
  readonly #release = (buffer: AddonBuffer): void => this.#giveBack(buffer);
  #count = 0;
  #isScheduled = false;
  #isReceiving = false;
  #chunk: AddonBuffer | undefined;
  #chunkUsed = 0;

  constructor(native: Native) {
    this.#native = native;
    this.#words = new Uint32Array(native.outbox);
  }

  allocate(length: number): AddonBuffer {
    return new AddonBuffer(this.#native, length, this.#release);
  }

  /** @param lost is told of one datagram per turn that could not be sent */
  open(port: number, lost: ((error: Error) => void) | undefined): void {
    if (lost !== undefined) this.#lost.set(port, lost);
  }

  /** What was sent leaves first. */
  close(port: number): void {
    this.flush();
    this.#lost.delete(port);
    this.#native.closePort(port);
  }

  add(
    port: number,
    buffer: SendBuffer,
    start: number,
    length: number,
    segmentBytes: number,
    address: number,
    udpPort: number,
    isDirect = false,
  ): void {
    if (!(buffer instanceof AddonBuffer)) throw new TypeError('sent from memory that is not held by the addon');
    requireInside(start, length, buffer.length);
    const words = this.#words;
    const at = this.#count * outboxWords;
    words[at] = port;
    words[at + 1] = buffer.memory;
    words[at + 2] = start;
    words[at + 3] = length;
    words[at + 4] = segmentBytes;
    words[at + 5] = address;
    words[at + 6] = udpPort;
    words[at + 7] = isDirect ? 1 : 0;
    if (++this.#count === outboxItems) return this.flush();
    if (this.#isReceiving || this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }

  addCopy(port: number, bytes: Uint8Array, address: number, udpPort: number): void {
    const chunk = this.#room(bytes.length);
    const start = this.#chunkUsed;
    chunk.bytes.set(bytes, start);
    this.#chunkUsed += bytes.length;
    this.add(port, chunk, start, bytes.length, 0, address, udpPort);
  }

  /** Runs what came in; what it sends leaves when all of it has been seen. */
  receiving(run: () => void): void {
    this.#isReceiving = true;
    try {
      run();
    } finally {
      this.#isReceiving = false;
      this.flush();
    }
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    const lost = this.#native.flush(count);
    if (this.#released.length > 0) this.#releaseAll();
    if (lost !== 0) this.#lost.get(lost % 2 ** 20)?.(systemError(Math.floor(lost / 2 ** 20), 'sendmmsg'));
  }

  #releaseAll(): void {
    for (const { memory, bytes } of this.#released.splice(0)) this.#native.release(memory, bytes.buffer);
  }

  /** What is in the outbox names memory by its number, which must not be another's before it has left. */
  #giveBack(buffer: AddonBuffer): void {
    if (this.#count > 0) this.#released.push(buffer);
    else this.#native.release(buffer.memory, buffer.bytes.buffer);
  }

  /** Never written twice: what waits for a full send buffer still lies there. */
  #room(length: number): AddonBuffer {
    if (this.#chunk !== undefined && this.#chunkUsed + length <= this.#chunk.length) return this.#chunk;
    this.#chunk?.release();
    this.#chunkUsed = 0;
    this.#chunk = this.allocate(Math.max(chunkBytes, length));
    return this.#chunk;
  }
}

export class AddonBuffer implements SendBuffer {
  readonly bytes: Uint8Array;
  readonly memory: number;
  /** Below zero after release(): nothing more is sent out of it. */
  length: number;
  readonly #release: (buffer: AddonBuffer) => void;

  constructor(native: Native, length: number, release: (buffer: AddonBuffer) => void) {
    const [memory, buffer] = native.allocate(length);
    this.memory = memory;
    this.length = length;
    this.bytes = new Uint8Array(buffer);
    this.#release = release;
  }

  release(): void {
    if (this.length < 0) return;
    this.length = -1;
    this.#release(this);
  }
}
