/** What the output goes to: a screen that can be drawn on again, how large it is, and which characters it has. */
import type { Canvas } from './waterfall.ts';

export interface Terminal extends Canvas {
  /** False for a file or a pipe. */
  readonly isScreen: boolean;
  readonly rows: number;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const usual = { columns: 80, rows: 24 };

export function describeTerminal(stream: Stream, env: Readonly<Record<string, string | undefined>>): Terminal {
  // POSIX, XBD 8.2: the first of these that is set and not empty.
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  // Of a file or a pipe, as shells and `watch` hand it on.
  const wanted = Number(env['COLUMNS']);
  return {
    isScreen: stream.isTTY === true && env['TERM'] !== 'dumb',
    columns: stream.columns ?? (wanted > 0 ? wanted : usual.columns),
    rows: stream.rows ?? usual.rows,
    isUtf8: /utf-?8/i.test(locale),
  };
}
