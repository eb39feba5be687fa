/** The sending side of one transfer, without socket and clock: events in, what to send out. RFC 1350, windows of RFC 7440. */

/** Error codes with which clients break off after the OACK: Pi firmware and iPXE send 0, UEFI and curl 8 (RFC 2347). */
const probeCodes: ReadonlySet<number> = new Set([0, 8]);

export interface SendingFile {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly windowSize: number;
  readonly hasOptions: boolean;
}

/** `send-blocks` means all from the one after `acked` to `sent`. */
export type SendStep = 'send-options' | 'send-blocks' | 'wait' | 'done' | 'silent';

/**
 * Changes itself, and hands nothing out that would have to be allocated: it is asked once for each ACK. Blocks count from
 * 1 and never wrap here; on the wire they are taken modulo 65536.
 */
export class SendingSide {
  /** The one that is shorter than the rest, empty when the file is a multiple of the block size. */
  readonly lastBlock: number;
  readonly windowSize: number;
  /** Highest block the client has confirmed; 0 before the first, -1 while the OACK is unconfirmed. */
  acked: number;
  /** Highest block sent. */
  sent = 0;
  /** How often in a row the unconfirmed part was sent again. */
  resends = 0;

  constructor({ sizeBytes, blockSizeBytes, windowSize, hasOptions }: SendingFile) {
    this.lastBlock = lastBlockOf(sizeBytes, blockSizeBytes);
    this.windowSize = windowSize;
    this.acked = hasOptions ? -1 : 0;
  }

  /** What is sent first: the OACK when an option holds, else the first blocks. */
  start(): SendStep {
    return this.acked === -1 ? 'send-options' : this.#sendNext();
  }

  /** @param block as on the wire */
  ack(block: number): SendStep {
    if (this.acked === -1) {
      if (block !== 0) return 'wait';
      return this.#confirm(0);
    }
    const ahead = (block - this.acked) & 0xffff;
    // Answering an old or repeated ACK would double every later block (RFC 1123 §4.2.3.1, Sorcerer's Apprentice),
    // and start4.elf takes a repeated block for a new one and hangs.
    if (ahead === 0 || this.acked + ahead > this.sent) return 'wait';
    return this.#confirm(this.acked + ahead);
  }

  /** Only time makes us send again, never a packet. @param isSilent it was waited for long enough */
  timeout(isSilent: boolean): SendStep {
    if (isSilent) return 'silent';
    this.resends++;
    return this.acked === -1 ? 'send-options' : this.#sendNext();
  }

  /** The client only wanted to know whether the file is there, or how long it is. */
  isProbe(errorCode: number): boolean {
    return this.acked <= 0 && probeCodes.has(errorCode);
  }

  #confirm(block: number): SendStep {
    this.acked = block;
    this.resends = 0;
    return block === this.lastBlock ? 'done' : this.#sendNext();
  }

  /** The window after the last confirmed block. An ACK inside a window says that the rest of it was lost: RFC 7440 §4. */
  #sendNext(): SendStep {
    this.sent = Math.min(this.acked + this.windowSize, this.lastBlock);
    return 'send-blocks';
  }
}

export function lastBlockOf(sizeBytes: number, blockSizeBytes: number): number {
  return Math.floor(sizeBytes / blockSizeBytes) + 1;
}
