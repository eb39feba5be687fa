/** Small hooks: an answer that is asked for again when something has changed, and the time of day. */
import { useEffect, useState } from 'preact/hooks';

import { AskError, type Service } from './ask.ts';

export interface Asked<T> {
  /** The newest there is, also while it is asked for again. */
  readonly answer: T | undefined;
  readonly error: AskError | undefined;
}

/** @param version asked again when this is another value */
export function useAsked<T>(service: Service, path: string, version: unknown): Asked<T> {
  const [known, setKnown] = useState<Asked<T> & { readonly path: string }>({
    path,
    answer: undefined,
    error: undefined,
  });
  useEffect(() => {
    const stop = new AbortController();
    service.ask<T>(path, { signal: stop.signal }).then(
      (answer) => setKnown({ path, answer, error: undefined }),
      (error: unknown) => {
        if (!stop.signal.aborted) setKnown((before) => ({ path, answer: before.answer, error: asAskError(error) }));
      },
    );
    return () => stop.abort();
  }, [service, path, version]);
  // What was said of another path is no answer to this one.
  return known.path === path ? known : { answer: undefined, error: undefined };
}

function asAskError(error: unknown): AskError {
  return error instanceof AskError ? error : new AskError(error instanceof Error ? error.message : String(error), 0);
}

/** @param everyMs undefined: the clock stands still */
export function useNow(everyMs: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export interface Doing {
  readonly isBusy: boolean;
  readonly error: AskError | undefined;
  /** Errors are shown, not thrown. */
  readonly run: (work: () => Promise<void>) => void;
}

/** For buttons: one thing at a time. */
export function useDoing(): Doing {
  const [state, setState] = useState<Omit<Doing, 'run'>>({ isBusy: false, error: undefined });
  return {
    ...state,
    run: (work) => {
      if (state.isBusy) return;
      setState({ isBusy: true, error: undefined });
      work().then(
        () => setState({ isBusy: false, error: undefined }),
        (error: unknown) => setState({ isBusy: false, error: asAskError(error) }),
      );
    },
  };
}
