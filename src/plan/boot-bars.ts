/** What took how long in a boot: a bar for each phase, for pictures in text and in a browser. Imports types only. */
import type { BootPhase } from '../model/boot-phase.ts';
import type { PublicBoot } from '../model/node-status.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Bar extends Span {
  readonly phase: BootPhase;
  /** When the phase was reached; undefined: it has not been. */
  readonly atMs: number | undefined;
  readonly note: string;
}

/** Reached when they begin; the others when they are done, so what is seen before them is the work for them. */
const begins: ReadonlySet<BootPhase> = new Set(['offered', 'loading', 'kernel', 'waiting']);

/** What is worked on after a phase that is done. */
const nextWork: Partial<Readonly<Record<BootPhase, BootPhase>>> = {
  network: 'root',
  root: 'overlay',
  overlay: 'userspace',
  userspace: 'ready',
};

/** Each piece of time belongs to one bar: the work that filled it. @param loaded says what was loaded */
export function barsOf(boot: PublicBoot, nowMs: number, loaded: (boot: PublicBoot) => string): Bar[] {
  const steps = boot.phases.toSorted((a, b) => a.atMs - b.atMs);
  const endMs = endOf(boot, nowMs);
  const bars = steps.map((step, index): Bar => {
    const { phase, atMs } = step;
    const before = steps[index - 1];
    const note = phase === 'loading' ? loaded(boot) : (step.detail ?? '');
    if (begins.has(phase)) return { phase, atMs, fromMs: atMs, toMs: steps[index + 1]?.atMs ?? endMs, note };
    const isWorkBefore = before !== undefined && !begins.has(before.phase);
    return { phase, atMs, fromMs: isWorkBefore ? before.atMs : atMs, toMs: atMs, note };
  });
  return [...bars, ...unfinished(boot, steps.at(-1), endMs)];
}

/** What it was at when it ended, or is at now. */
function unfinished(boot: PublicBoot, last: PublicBoot['phases'][number] | undefined, endMs: number): Bar[] {
  const phase = last && nextWork[last.phase];
  if (last === undefined || phase === undefined || boot.closed?.reason === 'handed-over') return [];
  return [{ phase, atMs: undefined, fromMs: last.atMs, toMs: endMs, note: '' }];
}

export function endOf(boot: PublicBoot, nowMs: number): number {
  const lastMs = Math.max(boot.startedAtMs, ...boot.phases.map(({ atMs }) => atMs));
  return Math.max(boot.closed?.atMs ?? nowMs, lastMs);
}
