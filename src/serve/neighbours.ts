/** Keeps the kernel's table of neighbours in step with the boots: who loads is known without being asked. */
import { setTimeout as sleep } from 'node:timers/promises';

import { keepNeighbours, letNeighboursGo, readKeptNeighbours } from '../host/neighbours.ts';
import type { Boot } from '../model/boot.ts';
import { describeError } from '../model/describe-error.ts';
import { HostError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { Neighbour } from '../model/neighbour.ts';
import { changeNeighbours, loadingNeighbours } from '../plan/loading-neighbours.ts';
import type { Site } from './site.ts';

export interface NeighboursDeps {
  readonly site: Pick<Site, 'view'>;
  /** Another array when anything has changed. */
  readonly boots: { readonly all: () => readonly Boot[] };
  readonly log: Log;
}

/** A board that has just said something answers for longer than that. */
const lookMs = 500;
const lookAgainMs = 60_000;
const retryMs = 30_000;
const patienceMs = 10_000;

/** Until the signal aborts; then nothing is kept any more. Where the kernel refuses, it says why once and tries again later. */
export async function followBoots(deps: NeighboursDeps, signal: AbortSignal): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    try {
      await follow(deps, signal);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      const reason = describeError(error);
      if (reason !== told) deps.log.warn('neighbours.not-kept', { reason });
      told = reason;
      await rest(retryMs, signal);
    }
  }
}

async function follow({ site, boots }: NeighboursDeps, signal: AbortSignal): Promise<void> {
  let kept = await leftOver(site);
  let seen: readonly Boot[] | undefined;
  let seenAtMs = 0;
  while (!signal.aborted) {
    const all = boots.all();
    const nowMs = Date.now();
    if (all !== seen || nowMs - seenAtMs >= lookAgainMs) {
      kept = await change(kept, loadingNeighbours(all, site.view().cluster.network, nowMs));
      seenAtMs = nowMs;
    }
    seen = all;
    await rest(lookMs, signal);
  }
  await letNeighboursGo(kept, patience());
}

async function change(kept: readonly Neighbour[], wanted: readonly Neighbour[]): Promise<readonly Neighbour[]> {
  const { keep, letGo } = changeNeighbours(kept, wanted);
  await keepNeighbours(keep, patience());
  await letNeighboursGo(letGo, patience());
  return wanted;
}

/** What a service that was killed has left behind: entries that somebody else made for other machines are none of ours. */
async function leftOver(site: NeighboursDeps['site']): Promise<readonly Neighbour[]> {
  const { cluster, nodes } = site.view();
  const addresses = new Set<string>(nodes.map(({ address }) => address));
  const found = await readKeptNeighbours(cluster.network.interface, patience());
  return found.filter(({ address }) => addresses.has(address));
}

/** Of its own: what is kept is let go also when the service ends. */
function patience(): AbortSignal {
  return AbortSignal.timeout(patienceMs);
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
