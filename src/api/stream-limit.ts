/** Streams of events that are open at once: each holds a connection and a place in the queue of every event. */
import { HttpError } from './http-error.ts';

const mostOfCaller = 250;
const mostOfAll = 500;

export interface StreamLimit {
  /** @returns how to give it back. @throws HttpError when there are too many */
  readonly take: (caller: string) => () => void;
}

export function streamLimit(): StreamLimit {
  const open = new Map<string, number>();
  let all = 0;
  const add = (caller: string, count: number) => {
    const now = (open.get(caller) ?? 0) + count;
    all += count;
    if (now === 0) open.delete(caller);
    else open.set(caller, now);
  };
  return {
    take: (caller) => {
      if ((open.get(caller) ?? 0) >= mostOfCaller || all >= mostOfAll) throw tooManyStreams();
      add(caller, 1);
      return () => add(caller, -1);
    },
  };
}

function tooManyStreams(): HttpError {
  return new HttpError(429, 'too many streams of events are open', {
    hint: 'Close one: programs on one machine can share a stream.',
    headers: { 'retry-after': '30' },
  });
}
