/** How many files leave at once, and how slowly a client may take one: what is held for boards stays bounded. */
import type { ServerResponse } from 'node:http';

export interface SendLimits {
  readonly inAll: number;
  /** A board takes one file after the other; a resumed one may come before the broken one is closed. */
  readonly perAddress: number;
  /** A file may take this long, and a second more for each of these bytes. */
  readonly graceMs: number;
  readonly leastBytesPerSecond: number;
}

/** 512 boards that share one gigabit get 200 KB/s each. */
export const sendLimits: SendLimits = { inAll: 512, perAddress: 8, graceMs: 30_000, leastBytesPerSecond: 32 * 1024 };

export interface Send {
  readonly address: string;
  readonly sizeBytes: number;
  readonly response: ServerResponse;
  /** Told before a response is cut off that takes too long. */
  readonly late: () => void;
}

export class Sends {
  readonly #limits: SendLimits;
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  constructor(limits: SendLimits) {
    this.#limits = limits;
  }

  /** It ends with the response. @returns false where there are too many: nothing has begun */
  begin({ address, sizeBytes, response, late }: Send): boolean {
    const { inAll, perAddress, graceMs, leastBytesPerSecond } = this.#limits;
    const here = this.#byAddress.get(address) ?? 0;
    if (this.#all >= inAll || here >= perAddress) return false;
    this.#count(address, 1);
    const cutOff = () => {
      late();
      response.destroy();
    };
    const timer = setTimeout(cutOff, graceMs + (sizeBytes / leastBytesPerSecond) * 1000);
    response.once('close', () => {
      clearTimeout(timer);
      this.#count(address, -1);
    });
    return true;
  }

  #count(address: string, change: 1 | -1): void {
    this.#all += change;
    const here = (this.#byAddress.get(address) ?? 0) + change;
    if (here === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, here);
  }
}
