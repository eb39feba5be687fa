/** Durations as people write them: 90s, 5m, 2h. */
import { ConfigError } from './errors.ts';

const unitMs = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** @returns milliseconds */
export function parseDurationMs(text: string): number {
  const match = /^(\d{1,6})([smh])$/.exec(text.trim());
  if (match === null) {
    throw new ConfigError(`"${text}" is not a duration`, { hint: 'Write a number and s, m or h, for example 5m.' });
  }
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

/** In the largest unit that needs no fraction: 300000 is 5m. */
export function renderDuration(ms: number): string {
  const unit = (['h', 'm', 's'] as const).find((candidate) => ms % unitMs[candidate] === 0) ?? 's';
  return `${ms / unitMs[unit]}${unit}`;
}
