/** Runs the parts of the service side by side. One that fails is named, turns health red and is tried again; the others go on. */
import { setTimeout as sleep } from 'node:timers/promises';

import { describeError } from '../model/describe-error.ts';
import type { Log } from '../model/log.ts';
import type { Health } from './health.ts';

export interface Part {
  readonly name: string;
  /** Runs until `signal` aborts; calls `ready` each time when it does its work (again). Ending in any other way is a failure. */
  readonly run: (signal: AbortSignal, ready: () => void) => Promise<void>;
}

export interface SuperviseOptions {
  readonly health: Health;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly firstDelayMs?: number;
}

const longestDelayMs = 30_000;
/** A part that did its work this long starts with the shortest delay again. */
const provenMs = 60_000;

export async function supervise(parts: readonly Part[], options: SuperviseOptions): Promise<void> {
  for (const part of parts) options.health.report(part.name, ['it is starting']);
  await Promise.all(parts.map((part) => keepRunning(part, options)));
}

async function keepRunning(part: Part, { health, log, signal, firstDelayMs = 1000 }: SuperviseOptions): Promise<void> {
  let delayMs = firstDelayMs;
  while (!signal.aborted) {
    const startedAtMs = Date.now();
    const reason = await runOnce(part, { health, log, signal });
    if (signal.aborted) return;
    if (Date.now() - startedAtMs >= provenMs) delayMs = firstDelayMs;
    health.report(part.name, [reason]);
    log.warn('part.failed', { part: part.name, reason, retryInSeconds: delayMs / 1000 });
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  }
}

/** @returns why it ended */
async function runOnce(part: Part, { health, log, signal }: Omit<SuperviseOptions, 'firstDelayMs'>): Promise<string> {
  // What a failed part leaves running must not outlive it.
  const stop = new AbortController();
  let isReady = false;
  const ready = () => {
    health.report(part.name, []);
    if (!isReady) log.info('part.ready', { part: part.name });
    isReady = true;
  };
  try {
    await part.run(AbortSignal.any([signal, stop.signal]), ready);
    return 'it ended by itself';
  } catch (error) {
    return describeError(error);
  } finally {
    stop.abort();
  }
}
