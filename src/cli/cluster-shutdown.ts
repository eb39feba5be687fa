/** Shuts the nodes of the cluster down, stage by stage, and switches their power off. */
import { setTimeout as sleep } from 'node:timers/promises';

import { ConfigError, HostError } from '../model/errors.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import type { ApiServer } from './api-client.ts';
import { switchNodes, type FedNodes, type SwitchedNodes } from './cluster-power.ts';
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

export interface ShutdownFlags extends StagesFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly keepPower?: boolean;
  readonly deadline: number;
  readonly switchDeadline: number;
}

/** What programs are told. */
interface ShutdownReport {
  readonly dryRun: boolean;
  readonly stages: readonly {
    readonly nodes: readonly string[];
    /** Did not end before the deadline. */
    readonly late?: readonly string[];
    /** Are switched off, or would be. */
    readonly off: readonly string[];
  }[];
  /** Goes on when the cluster is started. */
  readonly held?: Work;
  /** A sentence for each thing that is not as it should be. */
  readonly troubles: readonly string[];
}

export async function shutDownCluster(flags: ShutdownFlags, context: CliContext): Promise<void> {
  const cluster = await readStages(context);
  const { server, stages, fed } = cluster;
  if (flags.dryRun === true) return showPlan(cluster, flags, context);
  if (flags.yes !== true) {
    throw new ConfigError(`${namesOf(stages.flat())} would be shut down`, { hint: 'Add --yes to do it.' });
  }
  const told = forPeople(context, flags);
  const { work: held, troubles } = await holdWork(server, told);
  const ended: StageEnd[] = [];
  for (const nodes of stages) {
    const end = await shutDownStage(nodes, { server, fed, flags, context: told });
    ended.push(end);
    troubles.push(...end.troubles);
  }
  const shown = ended.map(({ nodes, late, off }) => ({ nodes, late, off }));
  const report: ShutdownReport = { dryRun: false, stages: shown, ...(held && { held }), troubles };
  forPrograms(report, flags, context);
  if (troubles.length > 0) {
    const hint = 'What is not off draws power still: see "pi-image node power status", and run it again.';
    throw new HostError(`not all went as it should\n${troubles.join('\n')}`, { hint });
  }
}

function showPlan({ stages, fed }: ClusterStages, flags: ShutdownFlags, context: CliContext): void {
  const planned = stages.map((nodes) => ({ nodes: nodes.map(({ name }) => name), off: switchedOf(nodes, fed, flags) }));
  const troubles = unknownPower(fed);
  const report: ShutdownReport = { dryRun: true, stages: planned, troubles };
  const lines = planned.map(({ nodes, off }) => `shut down ${compressHostlist(nodes)}${offText(off)}`);
  const text = [...lines, ...troubles, 'dry run: nothing was changed'].map((line) => `${line}\n`).join('');
  forPeople(context, flags).stdout(text);
  forPrograms(report, flags, context);
}

/** A battery waits for no rollout: it goes on where it is when the cluster is up again. */
async function holdWork(server: ApiServer, context: CliContext): Promise<{ work?: Work; troubles: string[] }> {
  try {
    const { operations, rollouts } = await call(server, 'POST /operations:hold');
    const held = workText({ operations, rollouts });
    if (held !== '') context.stdout(`${held}: held until "pi-image cluster start"\n`);
    return { work: { operations, rollouts }, troubles: [] };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { troubles: [`operations are not held: ${error.message}`] };
  }
}

const switchedOf = (nodes: readonly Node[], fed: FedNodes, { keepPower = false }: ShutdownFlags): string[] =>
  keepPower ? [] : nodes.map(({ name }) => name).filter((name) => fed.has(name));

const offText = (off: readonly string[]) => (off.length === 0 ? '' : `, then switch off ${compressHostlist(off)}`);

interface StageDeps {
  readonly server: ApiServer;
  readonly fed: FedNodes;
  readonly flags: ShutdownFlags;
  readonly context: CliContext;
}

interface StageEnd {
  readonly nodes: readonly string[];
  readonly late: readonly string[];
  readonly off: readonly string[];
  readonly troubles: readonly string[];
}

/** What goes wrong with one node keeps no other from being shut down: a battery may be running empty. */
async function shutDownStage(nodes: readonly Node[], deps: StageDeps): Promise<StageEnd> {
  const { server, fed, flags, context } = deps;
  const told = await Promise.all(nodes.map(({ name }) => tellNode(server, name)));
  const waiting = told.flatMap(({ node, runs }) => (runs ? [node] : []));
  if (waiting.length > 0) context.stdout(`${compressHostlist(waiting)} shut down now\n`);
  const late = await untilSilent(waiting, deps);
  if (late.length > 0) context.stdout(`${compressHostlist(late)} did not end in time\n`);
  const { done, troubles } = await switchOff(switchedOf(nodes, fed, flags), deps);
  const names = nodes.map(({ name }) => name);
  const off = names.filter((name) => done.includes(name));
  return { nodes: names, late, off, troubles: [...told.flatMap(({ trouble }) => trouble ?? []), ...troubles] };
}

async function tellNode(
  server: ApiServer,
  node: string,
): Promise<{ readonly node: string; readonly runs: boolean; readonly trouble?: string }> {
  try {
    return await call(server, 'POST /nodes/{name}:shutdown', { path: { name: node } });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { node, runs: false, trouble: `${node}: ${error.message}` };
  }
}

/** Ends when the switches have done it: what this machine runs on may be next. */
async function switchOff(names: readonly string[], { server, flags, context }: StageDeps): Promise<SwitchedNodes> {
  const untilMs = Date.now() + flags.switchDeadline;
  const orders = { names, actionFor: (_node: string, now: 'on' | 'off') => offUnless(now), untilMs };
  const switched = await switchNodes(orders, { server, context });
  const { done } = switched;
  if (done.length > 0) context.stdout(`${compressHostlist(done)} ${done.length === 1 ? 'is' : 'are'} switched off\n`);
  return switched;
}

const offUnless = (now: 'on' | 'off') => (now === 'off' ? undefined : 'off');

const lookMs = 1000;

/** Its heartbeats have ended. @returns those that still run at the deadline */
async function untilSilent(
  names: readonly string[],
  { server, flags, context }: StageDeps,
): Promise<readonly string[]> {
  const endMs = Date.now() + flags.deadline;
  let open = names;
  while (open.length > 0) {
    const nodes = await call(server, 'GET /nodes');
    const silent = new Set(nodes.filter(({ status }) => status.state === 'silent').map(({ name }) => name));
    open = open.filter((name) => !silent.has(name));
    if (open.length === 0 || Date.now() >= endMs) break;
    await sleep(Math.min(lookMs, flags.deadline), undefined, { signal: context.signal });
  }
  return open;
}
