/** Shuts the nodes of the cluster down, stage by stage, and switches their power off. */
import { setTimeout as sleep } from 'node:timers/promises';

import { ConfigError, HostError } from '../model/errors.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import type { ApiServer } from './api-client.ts';
import { switchNodes, type FedNodes } from './cluster-power.ts';
import { namesOf, readStages, unknownText, workText, type Node } from './cluster-stages.ts';
import type { CliContext } from './context.ts';
import { call } from './typed-client.ts';

export interface ShutdownFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly keepPower?: boolean;
  readonly deadline: number;
  readonly switchDeadline: number;
}

export async function shutDownCluster(flags: ShutdownFlags, context: CliContext): Promise<void> {
  const { server, stages, fed } = await readStages(context);
  const shown = stages.map((nodes) => `shut down ${namesOf(nodes)}${offText(nodes, fed, flags)}\n`);
  if (flags.dryRun === true) {
    return context.stdout(`${shown.join('')}${unknownText(fed)}dry run: nothing was changed\n`);
  }
  if (flags.yes !== true) {
    throw new ConfigError(`${namesOf(stages.flat())} would be shut down`, { hint: 'Add --yes to do it.' });
  }
  const troubles = await holdWork(server, context);
  for (const nodes of stages) troubles.push(...(await shutDownStage(nodes, { server, fed, flags, context })));
  if (troubles.length > 0) {
    const hint = 'What is not off draws power still: see "pi-image node power status", and run it again.';
    throw new HostError(`not all went as it should\n${troubles.join('\n')}`, { hint });
  }
}

/** A battery waits for no rollout: it goes on where it is when the cluster is up again. */
async function holdWork(server: ApiServer, context: CliContext): Promise<string[]> {
  try {
    const held = workText(await call(server, 'POST /operations:hold'));
    if (held !== '') context.stdout(`${held}: held until "pi-image cluster start"\n`);
    return [];
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return [`operations are not held: ${error.message}`];
  }
}

function offText(nodes: readonly Node[], fed: FedNodes, { keepPower = false }: ShutdownFlags) {
  const off = keepPower ? [] : nodes.filter(({ name }) => fed.has(name));
  return off.length === 0 ? '' : `, then switch off ${namesOf(off)}`;
}

interface StageDeps {
  readonly server: ApiServer;
  readonly fed: FedNodes;
  readonly flags: ShutdownFlags;
  readonly context: CliContext;
}

/** What goes wrong with one node keeps no other from being shut down: a battery may be running empty. */
async function shutDownStage(nodes: readonly Node[], deps: StageDeps): Promise<string[]> {
  const { server, fed, flags, context } = deps;
  const told = await Promise.all(nodes.map(({ name }) => tellNode(server, name)));
  const troubles = told.flatMap(({ trouble }) => trouble ?? []);
  const waiting = told.flatMap(({ node, runs }) => (runs ? [node] : []));
  if (waiting.length > 0) context.stdout(`${compressHostlist(waiting)} shut down now\n`);
  const late = await untilSilent(waiting, deps);
  if (late.length > 0) context.stdout(`${compressHostlist(late)} did not end in time\n`);
  const off = flags.keepPower === true ? [] : nodes.map(({ name }) => name).filter((name) => fed.has(name));
  return [...troubles, ...(await switchOff(off, deps))];
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
async function switchOff(names: readonly string[], { server, flags, context }: StageDeps): Promise<readonly string[]> {
  const untilMs = Date.now() + flags.switchDeadline;
  const orders = { names, actionFor: (_node: string, now: 'on' | 'off') => offUnless(now), untilMs };
  const { done, troubles } = await switchNodes(orders, { server, context });
  if (done.length > 0) context.stdout(`${compressHostlist(done)} ${done.length === 1 ? 'is' : 'are'} switched off\n`);
  return troubles;
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
