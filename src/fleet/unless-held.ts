/** Runs work on nodes while nobody holds it; after a hold it is begun anew, as by a service that was restarted. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { StateFile } from '../host/state-file.ts';
import { holdOf } from '../plan/operation-hold.ts';

const lookMs = 250;

export async function unlessHeld(
  state: Pick<StateFile, 'current'>,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const isHeld = () => holdOf(state.current()) !== undefined;
  while (!signal.aborted) {
    if (isHeld()) await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    else await runUntilHeld(isHeld, signal, run);
  }
}

async function runUntilHeld(
  isHeld: () => boolean,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const watch = setInterval(() => isHeld() && over.abort(new Error('operations are held')), lookMs);
  try {
    await run(AbortSignal.any([signal, over.signal]));
  } finally {
    clearInterval(watch);
  }
}
