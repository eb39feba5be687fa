/** pi-image cluster: all nodes at once, in the order in which they need each other. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Option, type Command } from 'commander';

import { ConfigError, HostError } from '../../model/errors.ts';
import { parseDurationMs, renderDuration } from '../../model/duration.ts';
import type { PowerAction } from '../../model/power.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { ApiServer } from '../api-client.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import type { Schemas } from '../generated/api.ts';
import { followPower } from '../power-progress.ts';
import { call } from '../typed-client.ts';

export const registerCluster: RegisterCommand = (program, context) => {
  const cluster = program.command('cluster').summary('shut all nodes down, and start them');
  registerShutdown(cluster, context);
  registerStart(cluster, context);
};

/** What switches say of the nodes that they feed. */
type Switched = ReadonlyMap<string, 'on' | 'off'>;

const deadline = (about: string, usualMs: number) =>
  new Option('--deadline <time>', about).argParser(parseDurationMs).default(usualMs, renderDuration(usualMs));

interface ShutdownFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly keepPower?: boolean;
  readonly deadline: number;
}

const stagesText =
  'Compute nodes first, then those with the role login, then the Slurm controller; power.order in cluster.yaml names others.';

function registerShutdown(parent: Command, context: CliContext): void {
  parent
    .command('shutdown')
    .summary('shut all nodes down, then switch their power off')
    .description(
      `${stagesText} Each stage is down, or its deadline over, before the next begins. Nodes without a switch port stay ` +
        'halted. This storage node is left alone.',
    )
    .option('--dry-run', 'show the stages, change nothing')
    .option('-y, --yes', 'do it')
    .option('--keep-power', 'leave the ports on')
    .addOption(deadline('for each stage: what has not ended then loses its power', 120_000))
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image cluster shutdown --dry-run\n  pi-image cluster shutdown --yes --deadline 60s',
    )
    .action((flags: ShutdownFlags) => shutDown(flags, context));
}

async function shutDown(flags: ShutdownFlags, context: CliContext): Promise<void> {
  const { server, stages, switched } = await readStages(context);
  const shown = stages.map((nodes) => `shut down ${namesOf(nodes)}${offText(nodes, switched, flags)}\n`);
  if (flags.dryRun === true) return context.stdout(`${shown.join('')}dry run: nothing was changed\n`);
  if (flags.yes !== true) {
    throw new ConfigError(`${namesOf(stages.flat())} would be shut down`, { hint: 'Add --yes to do it.' });
  }
  const troubles: string[] = [];
  for (const nodes of stages) troubles.push(...(await shutDownStage(nodes, { server, switched, flags, context })));
  if (troubles.length > 0) throw new HostError(`not all went as it should\n${troubles.join('\n')}`);
}

function offText(nodes: readonly Node[], switched: Switched, { keepPower = false }: ShutdownFlags) {
  const fed = keepPower ? [] : nodes.filter(({ name }) => switched.has(name));
  return fed.length === 0 ? '' : `, then switch off ${namesOf(fed)}`;
}

interface StageDeps {
  readonly server: ApiServer;
  readonly switched: Switched;
  readonly flags: ShutdownFlags;
  readonly context: CliContext;
}

/** What goes wrong with one node keeps no other from being shut down: a battery may be running empty. */
async function shutDownStage(nodes: readonly Node[], deps: StageDeps): Promise<string[]> {
  const { server, switched, flags, context } = deps;
  const told = await Promise.all(nodes.map(({ name }) => tellNode(server, name)));
  const troubles = told.flatMap(({ trouble }) => trouble ?? []);
  const waiting = told.flatMap(({ node, runs }) => (runs ? [node] : []));
  if (waiting.length > 0) context.stdout(`${compressHostlist(waiting)} shut down now\n`);
  const late = await untilSilent(waiting, deps);
  if (late.length > 0) context.stdout(`${compressHostlist(late)} did not end in time\n`);
  const fed = flags.keepPower === true ? [] : nodes.map(({ name }) => name).filter((name) => switched.has(name));
  return [...troubles, ...(await switchOff(fed, server, context))];
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
async function switchOff(names: readonly string[], server: ApiServer, context: CliContext): Promise<string[]> {
  const read = () => call(server, 'GET /power/runs');
  const sinceMs = (await read()).ended.reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  const asked = await Promise.all(names.map((node) => switchNode(server, node, 'off')));
  const begun = asked.flatMap(({ node, isBegun }) => (isBegun ? [node] : []));
  const results = await followPower(begun, sinceMs, read, context);
  const done = results.filter(({ failure }) => failure === undefined).map(({ node }) => node);
  if (done.length > 0) context.stdout(`${compressHostlist(done)} ${done.length === 1 ? 'is' : 'are'} switched off\n`);
  const failed = results.flatMap(({ node, failure }) => (failure === undefined ? [] : [`${node}: ${failure}`]));
  return [...asked.flatMap(({ trouble }) => trouble ?? []), ...failed];
}

interface Asked {
  readonly node: string;
  readonly isBegun: boolean;
  readonly trouble?: string;
}

async function switchNode(server: ApiServer, node: string, action: PowerAction): Promise<Asked> {
  try {
    const given = { path: { name: node }, body: { action } };
    const { isChanged } = await call(server, 'POST /nodes/{name}:power', given);
    return { node, isBegun: isChanged };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return {
      node,
      isBegun: false,
      trouble: error.message.startsWith(node) ? error.message : `${node}: ${error.message}`,
    };
  }
}

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

interface StartFlags {
  readonly dryRun?: boolean;
  readonly deadline: number;
}

function registerStart(parent: Command, context: CliContext): void {
  parent
    .command('start')
    .summary('switch all nodes on')
    .description(
      'In the reversed order of "cluster shutdown": the Slurm controller is ready, or the deadline over, before the others ' +
        'get power. Nodes without a switch port are named.',
    )
    .option('--dry-run', 'show the stages, change nothing')
    .addOption(deadline('for each stage to be ready', 300_000))
    .addHelpText('after', '\nExamples:\n  pi-image cluster start --dry-run\n  pi-image cluster start')
    .action((flags: StartFlags) => start(flags, context));
}

async function start({ dryRun = false, deadline: deadlineMs }: StartFlags, context: CliContext): Promise<void> {
  const { server, stages, switched } = await readStages(context);
  const fed = stages
    .toReversed()
    .map((nodes) => nodes.filter(({ name }) => switched.has(name)))
    .filter((nodes) => nodes.length > 0);
  const byHand = stages.flat().filter(({ name }) => !switched.has(name));
  if (byHand.length > 0) context.stdout(`${namesOf(byHand)}: no switch feeds them, switch them on by hand\n`);
  if (dryRun) {
    return context.stdout(
      `${fed.map((nodes) => `switch on ${namesOf(nodes)}\n`).join('')}dry run: nothing was changed\n`,
    );
  }
  const troubles: string[] = [];
  for (const [index, nodes] of fed.entries()) {
    for (const node of nodes) {
      const action = actionFor(node, switched);
      const { trouble } = action === undefined ? {} : await switchNode(server, node.name, action);
      if (trouble !== undefined) troubles.push(trouble);
    }
    context.stdout(`${namesOf(nodes)}: switched on\n`);
    if (index < fed.length - 1) await untilReady(nodes, Date.now() + deadlineMs, server, context);
  }
  if (troubles.length > 0) throw new HostError(`not all could be switched on\n${troubles.join('\n')}`);
}

type Node = Schemas['Node'];

const runningStates: ReadonlySet<string> = new Set(['booting', 'waiting', 'ready', 'up']);

/** A board that was shut down and kept its power wakes when that is cut. undefined: it runs. */
function actionFor({ name, status }: Node, switched: Switched): 'on' | 'cycle' | undefined {
  if (switched.get(name) === 'off') return 'on';
  return runningStates.has(status.state) ? undefined : 'cycle';
}

async function untilReady(nodes: readonly Node[], endMs: number, server: ApiServer, context: CliContext) {
  const names = new Set(nodes.map(({ name }) => name));
  for (;;) {
    const now = (await call(server, 'GET /nodes')).filter(({ name }) => names.has(name));
    const open = now.filter(({ status }) => !['ready', 'up'].includes(status.state));
    if (open.length === 0) return;
    if (Date.now() >= endMs) return context.stdout(`${namesOf(open)}: not ready in time\n`);
    await sleep(lookMs, undefined, { signal: context.signal });
  }
}

const namesOf = (nodes: readonly Node[]) => compressHostlist(nodes.map(({ name }) => name));

async function readStages(context: CliContext) {
  const server = await context.service();
  const nodes = await call(server, 'GET /nodes');
  const { stages: roles } = await call(server, 'GET /power/order');
  const power = await call(server, 'GET /power');
  const switched = new Map(power.flatMap(({ node, power: now }) => (now === 'unknown' ? [] : [[node, now] as const])));
  return { server, stages: roles.map((names) => nodes.filter(({ name }) => names.includes(name))), switched };
}
