/** A picture on a terminal that is drawn again in its place. */

export interface Screen {
  readonly draw: (text: string) => void;
  /** Gives back what was on the terminal, with the last picture below it. */
  readonly close: () => void;
}

export interface ScreenDeps {
  readonly write: (text: string) => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
}

// ECMA-48 and xterm: a second buffer, so that what was on the terminal is there afterwards.
const enter = '\u001B[?1049h\u001B[?25l';
const leave = '\u001B[?25h\u001B[?1049l';
const home = '\u001B[H';
const clearLine = '\u001B[K';
const clearBelow = '\u001B[J';

export function openScreen({ write, size }: ScreenDeps): Screen {
  let last = '';
  write(enter);
  return {
    draw: (text) => {
      last = text;
      write(
        home +
          fit(text, size())
            .map((line) => `${line}${clearLine}\r\n`)
            .join('') +
          clearBelow,
      );
    },
    close: () => write(`${leave}${last}`),
  };
}

/** A line that wraps would move all below it. */
function fit(text: string, { columns, rows }: { readonly columns: number; readonly rows: number }): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  // The cursor comes to rest on a line of its own.
  const room = Math.max(1, rows - 1);
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `(${lines.length - room + 1} more lines)`];
  return shown.map((line) => line.slice(0, columns));
}
