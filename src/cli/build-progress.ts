/** Shows a build: one line that changes on a terminal, plain lines elsewhere, JSON for a program that started it. */
import type { BuildProgress } from '../build/progress.ts';
import type { BuildMessage } from '../model/image-build.ts';
import type { CliContext } from './context.ts';

const frameMs = 200;
/** Elsewhere a long step says now and then that it is alive. */
const heartbeatMs = 15_000;

export interface ShownProgress {
  readonly progress: BuildProgress;
  /** Ends the line and the clock. */
  readonly close: () => void;
}

interface Step {
  readonly label: string;
  readonly startedAt: number;
  detail: string;
}

export function showProgress({ isInteractive, stderr }: CliContext, now: () => number = Date.now): ShownProgress {
  let current: Step = { label: '', startedAt: now(), detail: '' };
  const elapsed = () => `${Math.round((now() - current.startedAt) / 1000)} s`;
  const clear = isInteractive ? '\r\u001B[K' : '';
  const status = () => [current.label, elapsed(), current.detail].filter((part) => part !== '').join('  ');
  const show = () => {
    if (current.label === '' && current.detail === '') return;
    stderr(isInteractive ? `${clear}${status()}` : `${status()}\n`);
  };
  const finish = () => {
    if (current.label !== '') stderr(`${clear}${current.label}  ${elapsed()}\n`);
  };
  const timer = setInterval(show, isInteractive ? frameMs : heartbeatMs);
  return {
    progress: {
      step({ index, total, title }) {
        finish();
        current = { label: `[${index}/${total}] ${title}`, startedAt: now(), detail: '' };
      },
      detail(text) {
        current.detail = text;
      },
      note: (text) => stderr(`${clear}${text}\n`),
      output: () => undefined,
    },
    close() {
      clearInterval(timer);
      finish();
      current = { label: '', startedAt: now(), detail: '' };
    },
  };
}

/** So many a second at most: dpkg speaks of each package twice. */
const detailMs = 500;

/** A line of JSON for each, as `BuildMessage` says. The first one tells who leads the group of programs that build. */
export function sayProgress({ stderr }: Pick<CliContext, 'stderr'>, now: () => number = Date.now): ShownProgress {
  let lastMs = 0;
  const say = (message: BuildMessage) => stderr(`${JSON.stringify(message)}\n`);
  say({ leader: process.pid });
  return {
    progress: {
      step: ({ index, total, title }) => say({ step: { index, total, title } }),
      detail: (detail) => {
        if (now() - lastMs < detailMs) return;
        lastMs = now();
        say({ detail });
      },
      note: (note) => say({ note }),
      output: () => undefined,
    },
    close: () => undefined,
  };
}
