/** Asks again when the connection broke before there was an answer: how often, and when that is given up. */
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';

/** No answer came, and what was asked may have been carried out all the same. */
export class BrokenConnection extends HostError {}

/** Nobody listens there: nothing was asked. */
export class NoConnection extends HostError {}

/** As long as it takes systemd to start the service again. */
const defaultPausesMs: readonly number[] = [200, 800, 2000, 4000];
/** A service that is there and breaks each connection is not waited for. */
const mostBreaks = 3;

export interface Asking<T> {
  /** @throws BrokenConnection, NoConnection */
  readonly ask: () => Promise<T>;
  /** Nobody listens, and for the first attempt that is an answer. */
  readonly isAway: (answer: T) => boolean;
  readonly pausesMs?: readonly number[] | undefined;
}

/** @throws HostError when each connection broke, or the service has not come back */
export async function repeated<T>({ ask, isAway, pausesMs = defaultPausesMs }: Asking<T>): Promise<T> {
  let breaks = 0;
  for (const pauseMs of [0, ...pausesMs]) {
    if (pauseMs > 0) await sleep(pauseMs);
    try {
      const answer = await ask();
      // Whoever takes that for "no service" would do the work himself, beside what was carried out already.
      if (breaks === 0 || !isAway(answer)) return answer;
    } catch (error) {
      const isBroken = error instanceof BrokenConnection;
      if (!isBroken && !(error instanceof NoConnection && breaks > 0)) throw error;
      if (isBroken) breaks += 1;
      if (breaks === mostBreaks) throw error;
    }
  }
  throw new HostError('the service ended before it answered', {
    hint: 'What was asked for may have been carried out: look before you ask again.',
  });
}
