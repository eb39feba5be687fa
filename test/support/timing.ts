/** How long things take: the middle one and the worst. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Timing {
  readonly count: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

/** One after the other, with a pause between them that does not count. */
export async function timeEach(
  count: number,
  work: (index: number) => Promise<unknown>,
  { pauseMs = 0 }: { readonly pauseMs?: number } = {},
): Promise<Timing> {
  const took: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await work(index);
    took.push(performance.now() - startedMs);
    await sleep(pauseMs);
  }
  took.sort((a, b) => a - b);
  return { count, medianMs: Math.round(took[Math.floor(count / 2)] ?? 0), worstMs: Math.round(took.at(-1) ?? 0) };
}
