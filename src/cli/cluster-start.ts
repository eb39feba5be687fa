/** Switches the nodes of the cluster on: those that others need first. */
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import type { ApiServer } from './api-client.ts';
import { switchNodes } from './cluster-power.ts';
import {
  forPeople,
  forPrograms,
  namesOf,
  readStages,
  unknownPower,
  workText,
  type ClusterStages,
  type Node,
  type StagesFlags,
  type Work,
} from './cluster-stages.ts';
import type { CliContext } from './context.ts';
import { call } from './typed-client.ts';

export interface StartFlags extends StagesFlags {
  readonly dryRun?: boolean;
  readonly deadline: number;
  readonly switchDeadline: number;
}

interface StageStart {
  readonly nodes: readonly string[];
  /** They have power now, or run already. */
  readonly on?: readonly string[];
  /** Were not ready before the next stage got power. */
  readonly late?: readonly string[];
}

/** What programs are told. */
interface StartReport {
  readonly dryRun: boolean;
  /** No switch feeds them. */
  readonly byHand: readonly string[];
  readonly stages: readonly StageStart[];
  /** Was held before, and goes on. */
  readonly released?: Work;
  /** A sentence for each thing that is not as it should be. */
  readonly troubles: readonly string[];
}

export async function startCluster(flags: StartFlags, context: CliContext): Promise<void> {
  const cluster = await readStages(context);
  const { server, stages, fed } = cluster;
  const told = forPeople(context, flags);
  const others = stages.flat().filter(({ name }) => !fed.has(name));
  if (others.length > 0) told.stdout(`${namesOf(others)}: no switch feeds them, switch them on by hand\n`);
  const byHand = others.map(({ name }) => name);
  const order = orderOf(cluster);
  if (flags.dryRun === true) return showPlan({ order, byHand, troubles: unknownPower(fed) }, flags, context);
  const { started, troubles } = await switchOn(order, server, { flags, context: told });
  const { operations, rollouts } = await call(server, 'POST /operations:release');
  const released = { operations, rollouts };
  const work = workText(released);
  if (work !== '') told.stdout(`${work}: held before, goes on now; see "pi-image operation list"\n`);
  const report: StartReport = { dryRun: false, byHand, stages: started, released, troubles };
  forPrograms(report, flags, context);
  if (troubles.length > 0) {
    const hint =
      'See "pi-image node power status" and the log of the service; then run "pi-image cluster start" again.';
    throw new HostError(`not all could be switched on\n${troubles.join('\n')}`, { hint });
  }
}

/** Of those that a switch feeds. */
function orderOf({ stages, fed }: ClusterStages): string[][] {
  const names = (nodes: readonly Node[]) => nodes.map(({ name }) => name).filter((name) => fed.has(name));
  return stages
    .toReversed()
    .map(names)
    .filter((nodes) => nodes.length > 0);
}

interface Plan extends Pick<StartReport, 'byHand' | 'troubles'> {
  readonly order: readonly (readonly string[])[];
}

function showPlan({ order, byHand, troubles }: Plan, flags: StartFlags, context: CliContext): void {
  const lines = [...order.map((nodes) => `switch on ${compressHostlist(nodes)}`), ...troubles];
  forPeople(context, flags).stdout([...lines, 'dry run: nothing was changed'].map((line) => `${line}\n`).join(''));
  const report: StartReport = { dryRun: true, byHand, stages: order.map((nodes) => ({ nodes })), troubles };
  forPrograms(report, flags, context);
}

async function switchOn(
  order: readonly (readonly string[])[],
  server: ApiServer,
  { flags, context }: { readonly flags: StartFlags; readonly context: CliContext },
): Promise<{ readonly started: StageStart[]; readonly troubles: string[] }> {
  const untilMs = Date.now() + flags.switchDeadline;
  const started: StageStart[] = [];
  const troubles: string[] = [];
  for (const [index, nodes] of order.entries()) {
    // Others were waited for: a board that gets power by itself boots meanwhile.
    const known = await call(server, 'GET /nodes');
    const states = new Map(known.map(({ name, status }) => [name, status.state]));
    const actionFor = (name: string, now: 'on' | 'off') => actionOf(now, states.get(name));
    const switched = await switchNodes({ names: nodes, actionFor, untilMs }, { server, context });
    troubles.push(...switched.troubles);
    const on = nodes.filter((name) => switched.done.includes(name));
    if (on.length > 0) context.stdout(`${compressHostlist(on)}: switched on\n`);
    const isLast = index === order.length - 1;
    const late = isLast ? [] : await untilReady(on, Date.now() + flags.deadline, { server, context });
    if (late.length > 0) context.stdout(`${compressHostlist(late)}: not ready in time\n`);
    started.push({ nodes, on, late });
  }
  return { started, troubles };
}

const runningStates: ReadonlySet<string | undefined> = new Set(['booting', 'waiting', 'ready', 'up']);

/** A board that was shut down and kept its power wakes when that is cut. undefined: it runs. */
function actionOf(now: 'on' | 'off', state: string | undefined): 'on' | 'cycle' | undefined {
  if (now === 'off') return 'on';
  return runningStates.has(state) ? undefined : 'cycle';
}

const lookMs = 1000;

/** @returns those that are not at the deadline */
async function untilReady(
  names: readonly string[],
  endMs: number,
  { server, context }: { readonly server: ApiServer; readonly context: CliContext },
): Promise<readonly string[]> {
  for (;;) {
    const now = (await call(server, 'GET /nodes')).filter(({ name }) => names.includes(name));
    const open = now.filter(({ status }) => !['ready', 'up'].includes(status.state)).map(({ name }) => name);
    if (open.length === 0 || Date.now() >= endMs) return open;
    await sleep(lookMs, undefined, { signal: context.signal });
  }
}
