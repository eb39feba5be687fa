/** A boot as a picture in text: what took how long, one bar for each phase, as wide as the terminal. */
import { renderBytes } from '../model/bytes.ts';
import type { PublicBoot } from '../model/node-status.ts';
import type { Bar, Span } from '../plan/boot-bars.ts';
import { printable } from './format.ts';

export interface Canvas {
  readonly columns: number;
  /** Block characters; plain ASCII without. */
  readonly isUtf8: boolean;
}

/** What a boot has loaded, as its bar says it. */
export const loadedOf = ({ files, bytes }: PublicBoot) =>
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
