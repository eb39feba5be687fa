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

/** How long ago, in the largest unit that fits: 12s, 3m, 5h, 2d. */
export function renderAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}
