/** Who gets power now, and who waits until others have loaded: first come, first served. */
import { setTimeout as sleep } from 'node:timers/promises';

import { isLoading, mayStart } from '../plan/power-steps.ts';

export interface TurnsDeps {
  readonly atOnce: () => number;
  /** Its kernel has spoken since then. */
  readonly hasLoaded: (node: string, sinceMs: number) => boolean;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Turns {
  /** Resolves when it is this node's turn. @throws the signal's reason */
  readonly take: (node: string) => Promise<void>;
}

const lookMs = 250;

export function createTurns({ atOnce, hasLoaded, now, signal }: TurnsDeps): Turns {
  let starting: { readonly node: string; readonly sinceMs: number }[] = [];
  let last: Promise<void> = Promise.resolve();
  const wait = async (node: string) => {
    for (;;) {
      signal.throwIfAborted();
      const judged = starting.map((each) => ({ ...each, hasLoaded: hasLoaded(each.node, each.sinceMs) }));
      starting = judged.filter((each) => isLoading(each, now()));
      if (mayStart(judged, atOnce(), now())) break;
      await sleep(lookMs, undefined, { signal });
    }
    starting.push({ node, sinceMs: now() });
  };
  return {
    take: (node) => {
      const turn = last.then(() => wait(node));
      // One that gives up does not stop those behind it.
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
