/** How often may one caller ask? A number at once, then at a steady pace. */

export interface RateLimitOptions {
  /** At once. */
  readonly burst: number;
  /** For one more. */
  readonly refillMs: number;
  readonly now: () => number;
}

export interface RateLimit {
  /** Counts one, unless it is too many. @returns seconds to wait; 0 within the limit */
  readonly take: (who: string) => number;
}

/** Callers that are remembered; beyond it the one that asked longest ago is forgotten. */
const mostCallers = 1000;

export function rateLimit({ burst, refillMs, now }: RateLimitOptions): RateLimit {
  /** When each caller has all of its burst again. */
  const fullAtMs = new Map<string, number>();
  return {
    take: (who) => {
      const nowMs = now();
      const next = Math.max(fullAtMs.get(who) ?? 0, nowMs) + refillMs;
      const waitMs = next - nowMs - burst * refillMs;
      if (waitMs > 0) return Math.ceil(waitMs / 1000);
      fullAtMs.delete(who);
      fullAtMs.set(who, next);
      const [oldest] = fullAtMs.keys();
      if (fullAtMs.size > mostCallers && oldest !== undefined) fullAtMs.delete(oldest);
      return 0;
    },
  };
}
