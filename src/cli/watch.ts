/** Shows a value for as long as it is looked at: drawn again in its place on a terminal, a line for each change elsewhere. */
import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import type { EventBell } from './event-bell.ts';
import type { CliContext } from './context.ts';
import { openScreen } from './screen.ts';

export interface Watched<T> {
  readonly read: () => Promise<T>;
  /** The whole picture. */
  readonly draw: (value: T, nowMs: number, rows: number) => string;
  /** What is new since `before`; all that there is to say the first time. */
  readonly changes: (before: T | undefined, value: T) => readonly string[];
  /** Nothing more will happen. */
  readonly isOver?: (value: T) => boolean;
}

export type WatchDeps = Pick<CliContext, 'stdout' | 'terminal' | 'signal'> & {
  readonly bell: EventBell;
  readonly now: () => number;
};

/** Ends when it is over or `signal` aborts, and that is no failure. @throws what the first look throws */
export async function watch<T>(what: Watched<T>, deps: WatchDeps): Promise<void> {
  let value = await what.read();
  const view = deps.terminal().isScreen ? screenView(what, deps) : lineView(what, deps);
  try {
    view.show(value);
    while (!deps.signal.aborted && what.isOver?.(value) !== true) {
      await deps.bell.wait();
      if (deps.signal.aborted) return;
      try {
        value = await what.read();
        view.show(value);
      } catch (error) {
        if (!(error instanceof PiImageError)) throw error;
        view.complain(describeError(error));
      }
    }
  } finally {
    view.close();
  }
}

interface View<T> {
  readonly show: (value: T) => void;
  /** It could not be looked at; that may pass. */
  readonly complain: (reason: string) => void;
  readonly close: () => void;
}

function screenView<T>({ draw }: Watched<T>, { stdout, terminal, now }: WatchDeps): View<T> {
  const screen = openScreen({ write: stdout, size: terminal });
  let last = '';
  return {
    show: (value) => {
      last = draw(value, now(), terminal().rows);
      screen.draw(last);
    },
    complain: (reason) => screen.draw(`${reason}\n\n${last}`),
    close: screen.close,
  };
}

function lineView<T>({ changes }: Watched<T>, { stdout, now }: WatchDeps): View<T> {
  let before: T | undefined;
  let complaint: string | undefined;
  const tell = (line: string) => stdout(`${new Date(now()).toISOString().replace(/\.\d+/, '')} ${line}\n`);
  return {
    show: (value) => {
      if (complaint !== undefined) tell('the service answers again');
      complaint = undefined;
      for (const line of changes(before, value)) tell(line);
      before = value;
    },
    complain: (reason) => {
      if (reason !== complaint) tell(reason);
      complaint = reason;
    },
    close: () => undefined,
  };
}
