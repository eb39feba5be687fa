/** What a bad network does to a frame: decided by chance, one frame at a time. */
import type { Random } from './random.ts';

export interface FaultRates {
  /** Round trips of 100 that fail, as ping counts them: half of them on the way there, half on the way back. */
  readonly lossPercent: number;
  /** Of each frame, each way. */
  readonly delayMs: number;
  /** Frames of 100, each way. */
  readonly duplicatePercent: number;
  /** Frames of 100 that later ones overtake, each way. */
  readonly reorderPercent: number;
}

export const noFaults: FaultRates = { lossPercent: 0, delayMs: 0, duplicatePercent: 0, reorderPercent: 0 };

export type Fate = 'pass' | 'lost' | 'twice' | 'later';

/** A frame that is overtaken is so much later than the others. */
export const overtakenMs = { first: 5, last: 50 } as const;

export class Faults {
  readonly delayMs: number;
  readonly #loss: number;
  readonly #duplicate: number;
  readonly #reorder: number;
  readonly #isQuiet: boolean;

  constructor({ lossPercent, delayMs, duplicatePercent, reorderPercent }: FaultRates) {
    this.delayMs = delayMs;
    this.#loss = 1 - Math.sqrt(1 - lossPercent / 100);
    this.#duplicate = this.#loss + duplicatePercent / 100;
    this.#reorder = this.#duplicate + reorderPercent / 100;
    this.#isQuiet = this.#reorder === 0;
  }

  fate(random: Random): Fate {
    if (this.#isQuiet) return 'pass';
    const drawn = random.fraction();
    if (drawn >= this.#reorder) return 'pass';
    if (drawn < this.#loss) return 'lost';
    return drawn < this.#duplicate ? 'twice' : 'later';
  }
}
