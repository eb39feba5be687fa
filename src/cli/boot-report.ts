/** One boot as people read it: how it ended, its waterfall, why it failed and what to do. */
import type { PublicBoot } from '../model/node-status.ts';
import { barsOf, endOf, type Span } from '../plan/boot-bars.ts';
import { printable } from './format.ts';
import { loadedOf, renderWaterfall, type Canvas } from './waterfall.ts';

export interface BootReport {
  readonly boot: PublicBoot;
  /** Said before how it ended: its node, or when it began. */
  readonly title: string;
  readonly nowMs: number;
  /** What the width stands for; its own time unless given. */
  readonly scale?: Span;
}

export function renderBoot({ boot, title, nowMs, scale = spanOf(boot, nowMs) }: BootReport, canvas: Canvas): string {
  const { cause, hint } = boot.closed ?? {};
  return [
    `${title}: ${describeOutcome(boot, scale.fromMs, nowMs)}\n`,
    renderWaterfall(barsOf(boot, nowMs, loadedOf), scale, canvas),
    cause === undefined ? '' : `why: ${printable(cause)}\n`,
    hint === undefined ? '' : `do:  ${printable(hint)}\n`,
  ].join('');
}

export function spanOf(boot: PublicBoot, nowMs: number): Span {
  return { fromMs: boot.startedAtMs, toMs: endOf(boot, nowMs) };
}

/** `ready after 32.0 s`. */
export function describeOutcome(boot: PublicBoot, fromMs: number, nowMs: number): string {
  const spent = `${((endOf(boot, nowMs) - fromMs) / 1000).toFixed(1)} s`;
  return boot.closed === undefined ? `${outcomeOf(boot)} for ${spent}` : `${outcomeOf(boot)} after ${spent}`;
}

/** In one word, or two. */
export function outcomeOf({ closed, phases }: PublicBoot): string {
  if (closed === undefined) return phases.at(-1)?.phase === 'waiting' ? 'waiting' : 'under way';
  return closed.reason === 'handed-over' ? 'up' : closed.reason;
}
