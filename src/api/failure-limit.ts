/** How often may one address be wrong? A few times at once, then once in a while: against noise, since 256 bits cannot be guessed. */

const burst = 10;
const refillMs = 6000;
/** Addresses that are remembered; beyond it the one that failed longest ago is forgotten. */
const maxAddresses = 1000;

export interface FailureLimit {
  /** Counts a failure. @returns seconds to wait; 0 within the limit */
  readonly fail: (address: string) => number;
}

export function failureLimit(now: () => number): FailureLimit {
  /** When each address has all of its burst again. */
  const fullAtMs = new Map<string, number>();
  return {
    fail: (address) => {
      const nowMs = now();
      const next = Math.max(fullAtMs.get(address) ?? 0, nowMs) + refillMs;
      const waitMs = next - nowMs - burst * refillMs;
      if (waitMs > 0) return Math.ceil(waitMs / 1000);
      fullAtMs.delete(address);
      fullAtMs.set(address, next);
      const [oldest] = fullAtMs.keys();
      if (fullAtMs.size > maxAddresses && oldest !== undefined) fullAtMs.delete(oldest);
      return 0;
    },
  };
}
