/** pi-image node power: on, off, cycle, status and discover, through the running service. */
import type { Command } from 'commander';

import type { NodeAnswer } from '../../api/actions.ts';
import type { NodePower, PowerChange, PowerRuns } from '../../api/schemas/power.ts';
import { ConfigError } from '../../model/errors.ts';
import type { PowerAction } from '../../model/power.ts';
import { compareNames, compressHostlist, expandHostlist } from '../../plan/hostlist.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { ApiServer } from '../api-client.ts';
import { askNodes } from '../ask-nodes.ts';
import type { CliContext } from '../context.ts';
import { renderListing, renderValue, withOutput, type Listing } from '../output.ts';
import { followPower, type PowerResult } from '../power-progress.ts';
import { call } from '../typed-client.ts';
import { withChangeFlags, type ChangeFlags } from './node-change.ts';
import { registerDiscover } from './node-power-discover.ts';

export function registerPower(parent: Command, context: CliContext): void {
  const power = parent.command('power').summary('switch the power of boards by their PoE switch');
  registerAction(power, context, 'on', {
    summary: 'switch boards on',
    description:
      'A few at a time (power.atOnce), and only as far as the switch has watts left: all of them are refused else.',
  });
  registerAction(power, context, 'off', {
    summary: 'switch boards off',
    description: 'At once, as pulling the plug does. A port that feeds more than the board of its node is refused.',
  });
  registerAction(power, context, 'cycle', {
    summary: 'switch boards off and on again',
    description:
      'Off for at least 5 s (power.off), then on. It is written down before a port goes off, and ends with on whatever ' +
      'becomes of the service.',
  });
  registerStatus(power, context);
  registerDiscover(power, context);
}

interface ActionFlags extends ChangeFlags {
  readonly yes?: boolean;
  readonly wait: boolean;
}

function registerAction(
  parent: Command,
  context: CliContext,
  action: PowerAction,
  { summary, description }: { readonly summary: string; readonly description: string },
): void {
  const command = parent
    .command(action)
    .summary(summary)
    .description(description)
    .argument('<nodes...>', 'names, node[01-08], @role')
    .option('-y, --yes', action === 'on' ? 'do not ask; nothing is asked here' : 'also boards that run')
    .option('--no-wait', 'end when it is written down, not when it is done')
    .addHelpText(
      'after',
      `\nExamples:\n  pi-image node power ${action} node03\n  pi-image node power ${action} @compute --dry-run`,
    )
    .action((selectors: string[], flags: ActionFlags) => switchNodes(action, selectors, flags, context));
  withChangeFlags(command);
}

async function switchNodes(
  action: PowerAction,
  selectors: readonly string[],
  flags: ActionFlags,
  context: CliContext,
): Promise<void> {
  const server = await context.service();
  const chosen = await chooseNodes(server, selectors);
  const nodes = chosen.map(({ name }) => name);
  const isDryRun = flags.dryRun === true;
  if (action !== 'on' && flags.yes !== true && !isDryRun) refuseRunning(action, chosen);
  const sinceMs = (await runsOf(server)).ended.reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  const given = { body: { nodes, action }, ...(isDryRun && { query: { dryRun: 'true' as const } }) };
  const changes = await call(server, 'POST /power', given);
  const begun = changes.filter(({ isChanged }) => isChanged).map(({ node }) => node);
  if (isDryRun || !flags.wait) return show(changes, [], flags, context);
  const results = await followPower(begun, sinceMs, () => runsOf(server), context);
  show(changes, results, flags, context);
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) throw failedError(action, failed);
}

async function chooseNodes(server: ApiServer, selectors: readonly string[]): Promise<NodeAnswer[]> {
  const nodes = await askNodes(server);
  const words = selectors.flatMap((selector) => expandHostlist(selector));
  const names = new Set(selectNodes(words, nodes).map(({ name }) => name));
  return nodes.filter(({ name }) => names.has(name)).toSorted((one, other) => compareNames(one.name, other.name));
}

const runsOf = (server: ApiServer) => call(server, 'GET /power/runs');

const runningStates: ReadonlySet<string> = new Set(['booting', 'waiting', 'ready', 'up']);

/** A board that has ended by itself loses nothing; the others may be in the middle of writing. */
function refuseRunning(action: PowerAction, nodes: readonly NodeAnswer[]): void {
  const running = nodes.filter(({ status }) => runningStates.has(status.state)).map(({ name }) => name);
  if (running.length === 0) return;
  const verb = running.length === 1 ? 'runs' : 'run';
  throw new ConfigError(`${compressHostlist(running)} ${verb} and would lose power as when the plug is pulled`, {
    hint:
      action === 'cycle'
        ? '"pi-image node reboot" is gentler; add --yes to cut the power all the same.'
        : 'Shut it down by ssh first ("systemctl poweroff"); add --yes to cut the power all the same.',
  });
}

function failedError(action: PowerAction, failed: readonly PowerResult[]): ConfigError {
  const [first] = failed;
  const names = compressHostlist(failed.map(({ node }) => node));
  const hint = failed.find((each) => each.hint !== undefined)?.hint;
  return new ConfigError(
    `${names}: power ${action} failed: ${first?.failure ?? ''}`,
    hint === undefined ? {} : { hint },
  );
}

function show(
  changes: readonly PowerChange[],
  results: readonly PowerResult[],
  { output, dryRun = false }: ChangeFlags,
  context: CliContext,
): void {
  if (output === 'name') return context.stdout(changes.map(({ node }) => `${node}\n`).join(''));
  const resultOf = (node: string) => results.find((each) => each.node === node);
  if (output !== 'table') {
    const merged = changes.map((change) => Object.assign({}, change, resultOf(change.node)));
    return context.stdout(renderValue(merged, output));
  }
  for (const change of changes) context.stdout(`${sentence(change, resultOf(change.node))}\n`);
  if (dryRun) context.stdout('dry run: nothing was changed\n');
}

function sentence({ node, action, switch: name, port, isChanged, dryRun }: PowerChange, result?: PowerResult): string {
  const place = `${node} (${name} port ${port})`;
  if (!isChanged) return `${place} is ${action} already`;
  const verb = action === 'cycle' ? 'off and on again' : action;
  if (dryRun) return `${place} would be switched ${verb}`;
  if (result === undefined) return `${place} is being switched ${verb}`;
  if (result.failure !== undefined) return `${place}: ${result.failure}`;
  const { detection } = result;
  return `${place} is ${action === 'off' ? 'off' : 'on'}${detection === undefined ? '' : `: ${detection}`}`;
}

const listing: Listing<NodePower & { readonly doing?: string | undefined }> = {
  columns: [
    { title: 'node', of: ({ node }) => node },
    { title: 'switch', of: (row) => row.switch },
    { title: 'port', of: ({ port }) => port },
    { title: 'power', of: ({ power }) => power },
    { title: 'port does', of: ({ detection }) => detection },
    { title: 'doing', of: ({ doing }) => doing },
    { title: 'reason', of: ({ reason }) => reason },
  ],
  name: ({ node }) => node,
  empty: 'no node has a switch port: write "power:" for it in nodes.yaml, or see "pi-image node power discover"',
};

function registerStatus(parent: Command, context: CliContext): void {
  const status = parent
    .command('status')
    .summary('ask the switches which boards have power')
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addHelpText('after', '\nExamples:\n  pi-image node power status\n  pi-image node power status @compute -o json')
    .action(async (selectors: string[], { output }: ChangeFlags) => {
      const server = await context.service();
      const wanted = selectors.length === 0 ? undefined : await chooseNodes(server, selectors);
      const names = wanted && new Set(wanted.map(({ name }) => name));
      const all = await call(server, 'GET /power');
      const { running } = await runsOf(server);
      const rows = all
        .filter(({ node }) => names?.has(node) !== false)
        .toSorted((one, other) => compareNames(one.node, other.node))
        .map((row) => Object.assign({ doing: doingOf(row.node, running) }, row));
      context.stdout(renderListing(rows, output, listing));
      if (output === 'table') context.stdout(budgets(rows));
    });
  withOutput(status);
}

function doingOf(node: string, running: PowerRuns['running']): string | undefined {
  const run = running.find((each) => each.node === node);
  if (run === undefined) return undefined;
  if (run.failure !== undefined) return `${run.action}: tried again, ${run.failure}`;
  return run.step === 'turn' ? `${run.action}: waits until others have loaded` : `${run.action}: ${run.wanted}`;
}

function budgets(rows: readonly NodePower[]): string {
  const lines = rows.flatMap(({ switch: name, budget }) =>
    name === undefined || budget === undefined ? [] : [`${name} gives ${budget.usedWatts} of ${budget.watts} W\n`],
  );
  return [...new Set(lines)].join('');
}
