/** Switches the nodes of the cluster on: those that others need first. */
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import type { ApiServer } from './api-client.ts';
import { switchNodes } from './cluster-power.ts';
import { namesOf, readStages, unknownText, workText, type ClusterStages, type Node } from './cluster-stages.ts';
import type { CliContext } from './context.ts';
import { call } from './typed-client.ts';

export interface StartFlags {
  readonly dryRun?: boolean;
  readonly deadline: number;
  readonly switchDeadline: number;
}

export async function startCluster(flags: StartFlags, context: CliContext): Promise<void> {
  const cluster = await readStages(context);
  const { stages, fed } = cluster;
  const byHand = stages.flat().filter(({ name }) => !fed.has(name));
  if (byHand.length > 0) context.stdout(`${namesOf(byHand)}: no switch feeds them, switch them on by hand\n`);
  const order = stages
    .toReversed()
    .map((nodes) => nodes.filter(({ name }) => fed.has(name)))
    .filter((nodes) => nodes.length > 0);
  if (flags.dryRun === true) {
    const shown = order.map((nodes) => `switch on ${namesOf(nodes)}\n`).join('');
    return context.stdout(`${shown}${unknownText(fed)}dry run: nothing was changed\n`);
  }
  const troubles = await switchOn(order, cluster, { flags, context });
  const work = workText(await call(cluster.server, 'POST /operations:release'));
  if (work !== '') context.stdout(`${work}: held before, goes on now; see "pi-image operation list"\n`);
  if (troubles.length > 0) {
    const hint =
      'See "pi-image node power status" and the log of the service; then run "pi-image cluster start" again.';
    throw new HostError(`not all could be switched on\n${troubles.join('\n')}`, { hint });
  }
}

async function switchOn(
  order: readonly (readonly Node[])[],
  { server }: ClusterStages,
  { flags, context }: { readonly flags: StartFlags; readonly context: CliContext },
): Promise<string[]> {
  const untilMs = Date.now() + flags.switchDeadline;
  const troubles: string[] = [];
  for (const [index, nodes] of order.entries()) {
    // Others were waited for: a board that gets power by itself boots meanwhile.
    const known = await call(server, 'GET /nodes');
    const states = new Map(known.map(({ name, status }) => [name, status.state]));
    const actionFor = (name: string, now: 'on' | 'off') => actionOf(now, states.get(name));
    const asked = { names: nodes.map(({ name }) => name), actionFor, untilMs };
    const switched = await switchNodes(asked, { server, context });
    troubles.push(...switched.troubles);
    if (switched.done.length > 0) context.stdout(`${compressHostlist(switched.done)}: switched on\n`);
    if (index < order.length - 1) await untilReady(switched.done, Date.now() + flags.deadline, { server, context });
  }
  return troubles;
}

const runningStates: ReadonlySet<string | undefined> = new Set(['booting', 'waiting', 'ready', 'up']);

/** A board that was shut down and kept its power wakes when that is cut. undefined: it runs. */
function actionOf(now: 'on' | 'off', state: string | undefined): 'on' | 'cycle' | undefined {
  if (now === 'off') return 'on';
  return runningStates.has(state) ? undefined : 'cycle';
}

const lookMs = 1000;

async function untilReady(
  names: readonly string[],
  endMs: number,
  { server, context }: { readonly server: ApiServer; readonly context: CliContext },
): Promise<void> {
  for (;;) {
    const now = (await call(server, 'GET /nodes')).filter(({ name }) => names.includes(name));
    const open = now.filter(({ status }) => !['ready', 'up'].includes(status.state));
    if (open.length === 0) return;
    if (Date.now() >= endMs) return context.stdout(`${namesOf(open)}: not ready in time\n`);
    await sleep(lookMs, undefined, { signal: context.signal });
  }
}
