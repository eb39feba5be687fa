/** How long a token of the API counts, as people write it: 30d, 12h, or never an end. */
import { z } from 'zod';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const TokenLife = z
  .string()
  .regex(/^(?:never|[1-9]\d{0,4}[mhd])$/, 'how long it counts: a number and d, h or m, such as 30d, or never');

/** Long enough that nobody renews by habit, short enough that a forgotten one ends. */
export const defaultLife = '90d';

/** @param life what `TokenLife` accepts. @returns undefined: it has no end */
export function endOfLife(life: string, fromMs: number): number | undefined {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(life) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return fromMs + Number(count) * unitMs[unit as keyof typeof unitMs];
}

/** To the minute and in one time zone: `2026-11-22 02:00 UTC`. */
export function renderMoment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
