/** Is somebody at this address already? Looked for before a board waits for the answer, where that can be foreseen. */
import type { Ipv4Address } from '../model/ipv4.ts';

export type Probe = (address: Ipv4Address) => Promise<'free' | 'taken'>;

/** How long "nobody" is believed. */
const clearMs = 120_000;

/** Looked for at once; a burst of new boards beyond that waits for a second burst of questions. */
const maxAtOnce = 256;

export class AddressChecks {
  readonly #probe: Probe;
  readonly #clearUntilMs = new Map<Ipv4Address, number>();
  readonly #running = new Map<Ipv4Address, Promise<'free' | 'taken'>>();
  readonly #nowMs: () => number;

  constructor(probe: Probe, nowMs: () => number) {
    this.#probe = probe;
    this.#nowMs = nowMs;
  }

  isClear(address: Ipv4Address): boolean {
    const untilMs = this.#clearUntilMs.get(address);
    if (untilMs === undefined) return false;
    if (untilMs > this.#nowMs()) return true;
    this.#clearUntilMs.delete(address);
    return false;
  }

  get isBusy(): boolean {
    return this.#running.size >= maxAtOnce;
  }

  /** One question for all who wait for the address. A probe that cannot be made finds nobody. */
  check(address: Ipv4Address): Promise<'free' | 'taken'> {
    const running = this.#running.get(address);
    if (running !== undefined) return running;
    const asked = this.#probe(address)
      .catch(() => 'free' as const)
      .then((found) => {
        this.#running.delete(address);
        if (found === 'free') this.#clearUntilMs.set(address, this.#nowMs() + clearMs);
        else this.#clearUntilMs.delete(address);
        return found;
      });
    this.#running.set(address, asked);
    return asked;
  }

  /** Forgets what is not believed any more. */
  tidy(): void {
    const now = this.#nowMs();
    for (const [address, untilMs] of this.#clearUntilMs) if (untilMs <= now) this.#clearUntilMs.delete(address);
  }
}
