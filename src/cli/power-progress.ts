/** Waits until the service has switched what it was asked to. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { PowerRuns } from '../api/schemas/power.ts';
import type { CliContext } from './context.ts';

export interface PowerResult {
  readonly node: string;
  readonly detection?: PowerRuns['ended'][number]['detection'];
  readonly failure?: string | undefined;
  readonly hint?: string | undefined;
}

const lookMs = 300;

/** The service goes on after that. */
const patienceMs = 60_000;

/** @param sinceMs what ended before was another order */
export async function followPower(
  nodes: readonly string[],
  sinceMs: number,
  read: () => Promise<PowerRuns>,
  { signal, stderr }: Pick<CliContext, 'signal' | 'stderr'>,
): Promise<PowerResult[]> {
  const troubleSince = new Map<string, number>();
  const told = new Set<string>();
  for (;;) {
    const { running, ended } = await read();
    const open = running.filter(({ node }) => nodes.includes(node));
    for (const { node, failure } of open) {
      if (failure === undefined) continue;
      if (!told.has(`${node} ${failure}`)) stderr(`${node}: ${failure}; it is tried again\n`);
      told.add(`${node} ${failure}`);
      troubleSince.set(node, troubleSince.get(node) ?? Date.now());
    }
    const stuck = open.filter(({ node }) => Date.now() - (troubleSince.get(node) ?? Date.now()) > patienceMs);
    if (open.length === stuck.length) {
      return nodes.map((node) => resultOf(node, { sinceMs, ended, stuck }));
    }
    await sleep(lookMs, undefined, { signal });
  }
}

function resultOf(
  node: string,
  { sinceMs, ended, stuck }: { sinceMs: number; ended: PowerRuns['ended']; stuck: PowerRuns['running'] },
): PowerResult {
  const failure = stuck.find((each) => each.node === node)?.failure;
  if (failure !== undefined)
    return { node, failure, hint: 'The service goes on trying: "pi-image node power status".' };
  const end = ended.find((each) => each.node === node && each.endedMs > sinceMs);
  if (end !== undefined) return { node, detection: end.detection, failure: end.failure, hint: end.hint };
  return { node, failure: 'the service was restarted meanwhile', hint: 'See "pi-image node power status".' };
}
