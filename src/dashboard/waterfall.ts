/** A boot as a picture: where on the scale each phase begins and ends, in per cent. */
import type { BootPhase } from '../model/boot-phase.ts';
import { renderBytes } from '../model/bytes.ts';
import type { PublicBoot } from '../model/node-status.ts';
import { barsOf, endOf } from '../plan/boot-bars.ts';
import { count, renderDuration } from './words.ts';

export interface PlacedBar {
  readonly phase: BootPhase;
  /** Of the whole width. */
  readonly leftPercent: number;
  readonly widthPercent: number;
  /** Since the boot began; empty while the phase is not reached. */
  readonly at: string;
  /** How long it took; empty for a moment. */
  readonly took: string;
  readonly note: string;
  readonly kind: 'done' | 'open' | 'failed';
}

export interface Waterfall {
  readonly bars: readonly PlacedBar[];
  readonly ticks: readonly { readonly percent: number; readonly text: string }[];
  /** `ready after 33.3 s` */
  readonly outcome: string;
  readonly cause: string | undefined;
  readonly hint: string | undefined;
}

export function layOut(boot: PublicBoot, nowMs: number): Waterfall {
  const fromMs = boot.startedAtMs;
  const totalMs = Math.max(1, endOf(boot, nowMs) - fromMs);
  const percent = (ms: number) => Math.min(100, Math.max(0, (ms / totalMs) * 100));
  const bars = barsOf(boot, nowMs, loadedOf).map((bar, index, all): PlacedBar => {
    const leftPercent = percent(bar.fromMs - fromMs);
    const tookMs = bar.toMs - bar.fromMs;
    return {
      phase: bar.phase,
      leftPercent,
      widthPercent: percent(bar.toMs - fromMs) - leftPercent,
      at: bar.atMs === undefined ? '' : renderDuration(bar.atMs - fromMs),
      took: tookMs > 0 ? renderDuration(tookMs) : '',
      note: bar.note,
      kind: kindOf(bar.phase, boot, index === all.length - 1),
    };
  });
  return {
    bars,
    ticks: ticksOf(totalMs),
    outcome: outcomeOf(boot, totalMs),
    cause: boot.closed?.cause,
    hint: boot.closed?.hint,
  };
}

function kindOf(phase: BootPhase, { closed }: PublicBoot, isLast: boolean): PlacedBar['kind'] {
  if (phase === 'failed' || (isLast && closed?.reason === 'failed')) return 'failed';
  return isLast && closed === undefined ? 'open' : 'done';
}

const loadedOf = ({ bytes, files }: PublicBoot) => `${renderBytes(bytes)} in ${count(files, 'file')}`;

function outcomeOf({ closed, phases }: PublicBoot, totalMs: number): string {
  const spent = renderDuration(totalMs);
  if (closed === undefined) return `${phases.at(-1)?.phase === 'waiting' ? 'waiting' : 'under way'} for ${spent}`;
  return `${closed.reason === 'handed-over' ? 'up' : closed.reason} after ${spent}`;
}

const stepsMs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000);
const mostTicks = 6;
/** Further right its words would hang over the edge. */
const lastTickPercent = 94;

/** Round times, a handful of them. */
export function ticksOf(totalMs: number): Waterfall['ticks'] {
  const stepMs =
    stepsMs.find((step) => totalMs / step <= mostTicks) ?? Math.ceil(totalMs / mostTicks / 3_600_000) * 3_600_000;
  const length = Math.floor(totalMs / stepMs) + 1;
  const ticks = Array.from({ length }, (_, index) => ({
    percent: ((index * stepMs) / totalMs) * 100,
    text: tickText(index * stepMs),
  }));
  return ticks.filter(({ percent }) => percent <= lastTickPercent);
}

function tickText(ms: number): string {
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds} s` : `${seconds / 60} min`.replace(/(\.\d)\d+/, '$1');
}
