/** A boot as a picture in text: what took how long, one bar for each phase, as wide as the terminal. */
import type { BootPhase } from '../model/boot.ts';
import type { PublicBoot } from '../model/node-status.ts';
import { printable, renderBytes } from './format.ts';

export interface Canvas {
  readonly columns: number;
  /** Block characters; plain ASCII without. */
  readonly isUtf8: boolean;
}

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

/** Each piece of time belongs to one bar: the work that filled it. */
export function barsOf(boot: PublicBoot, nowMs: number): Bar[] {
  const steps = boot.phases.toSorted((a, b) => a.atMs - b.atMs);
  const endMs = endOf(boot, nowMs);
  const bars = steps.map((step, index): Bar => {
    const { phase, atMs } = step;
    const before = steps[index - 1];
    const note = phase === 'loading' ? loadedOf(boot) : (step.detail ?? '');
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

const loadedOf = ({ files, bytes }: PublicBoot) =>
  `${renderBytes(bytes)} in ${files} ${files === 1 ? 'file' : 'files'}`;

const phaseWidth = 9;
const secondsWidth = 9;
const minBarColumns = 10;
/** Below this a terminal has no room for notes. */
const minColumnsWithNotes = 64;

/** @param scale what the width stands for: the same for all boots that are shown together */
export function renderWaterfall(bars: readonly Bar[], scale: Span, canvas: Canvas): string {
  const longestNote = Math.max(0, ...bars.map(({ note }) => note.length));
  const hasNotes = longestNote > 0 && canvas.columns >= minColumnsWithNotes;
  const noteColumns = hasNotes ? Math.min(longestNote, Math.floor(canvas.columns / 3)) + 2 : 0;
  const fixed = phaseWidth + 2 * secondsWidth + 2;
  const columns = Math.max(minBarColumns, canvas.columns - fixed - noteColumns);
  const draw = canvas.isUtf8 ? drawBlocks : drawAscii;
  const lines = bars.map((bar) => {
    const tookMs = bar.toMs - bar.fromMs;
    const numbers = [
      bar.atMs === undefined ? '-' : seconds(bar.atMs - scale.fromMs),
      tookMs > 0 ? seconds(tookMs) : '',
    ].map((text) => text.padStart(secondsWidth));
    const picture = draw(place(bar, scale, columns), bar.atMs !== undefined);
    const note = hasNotes ? `  ${shorten(bar.note, noteColumns - 2, canvas)}` : '';
    return `${bar.phase.padEnd(phaseWidth)}${numbers.join('')}  ${picture.padEnd(columns)}${note}`.trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** In columns with fractions. */
interface Placed {
  readonly from: number;
  readonly to: number;
  /** Nothing but a moment. */
  readonly isMoment: boolean;
}

function place({ fromMs, toMs }: Span, scale: Span, columns: number): Placed {
  const widthMs = Math.max(1, scale.toMs - scale.fromMs);
  const at = (ms: number) => (Math.min(Math.max(ms - scale.fromMs, 0), widthMs) / widthMs) * columns;
  const from = Math.min(Math.floor(at(fromMs)), columns - 1);
  return { from, to: Math.max(at(toMs), from), isMoment: toMs <= fromMs };
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

function drawBlocks({ from, to, isMoment }: Placed, isReached: boolean): string {
  const indent = ' '.repeat(from);
  if (isMoment) return `${indent}▏`;
  if (!isReached) return indent + '░'.repeat(Math.max(1, Math.round(to) - from));
  const length = Math.max(1, Math.round((to - from) * 8));
  return indent + '█'.repeat(Math.floor(length / 8)) + (eighths[length % 8] ?? '');
}

function drawAscii({ from, to, isMoment }: Placed, isReached: boolean): string {
  const indent = ' '.repeat(from);
  return isMoment ? `${indent}|` : indent + (isReached ? '#' : '.').repeat(Math.max(1, Math.round(to) - from));
}

function shorten(said: string, columns: number, { isUtf8 }: Canvas): string {
  const text = isUtf8 ? printable(said) : printable(said).replaceAll(/[^ -~]/g, '?');
  if (text.length <= columns) return text;
  const dots = isUtf8 ? '…' : '...';
  return `${text.slice(0, Math.max(0, columns - dots.length))}${dots}`;
}
