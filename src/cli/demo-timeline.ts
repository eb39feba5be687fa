/** The boots of several boards that were switched on together, on one scale. */
import type { PublicBoot } from '../model/node-status.ts';
import { endOf } from '../plan/boot-bars.ts';
import { renderBoot } from './boot-report.ts';
import type { Canvas } from './waterfall.ts';

export interface BoardBoots {
  readonly name: string;
  /** Newest first, as the API gives them. */
  readonly boots: readonly PublicBoot[];
}

/** What a log and most terminals can show. */
const usualCanvas: Canvas = { columns: 100, isUtf8: true };

/** Seconds count from when they were switched on, which is before the service heard of them. */
export function renderTimeline(boards: readonly BoardBoots[], powerOnMs: number, canvas = usualCanvas): string {
  const nowMs = Date.now();
  const ends = boards.flatMap(({ boots: [boot] }) => (boot === undefined ? [] : [endOf(boot, nowMs)]));
  const scale = { fromMs: powerOnMs, toMs: Math.max(powerOnMs, ...ends) };
  return boards
    .map(({ name, boots: [boot] }) => {
      if (boot === undefined) return `${name}: the service knows of no boot\n`;
      return renderBoot({ boot, title: `${name} (${boot.address})`, nowMs, scale }, canvas);
    })
    .join('\n');
}

/** Phases that are new since `seen` of them were told. */
export function newPhases(boot: PublicBoot | undefined, seen: number): PublicBoot['phases'] {
  return boot?.phases.slice(seen) ?? [];
}
