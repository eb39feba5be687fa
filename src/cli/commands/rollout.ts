/** pi-image rollout: a new version for the nodes of a role, a canary first, and back when it is not well. */
import type { Command } from 'commander';

import type { ShownRollout } from '../../api/schemas/rollout.ts';
import { HostError, UsageError } from '../../model/errors.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { ringOnEvents } from '../event-bell.ts';
import { renderListing, renderValue, withOutput, type OutputFormat } from '../output.ts';
import { describeEnd, renderRollout, rolloutChanges, rolloutListing } from '../rollout-text.ts';
import { call, dryRunQuery } from '../typed-client.ts';
import { watch } from '../watch.ts';
import { withChangeFlags, type ChangeFlags } from './node-change.ts';
import { registerRolloutStart } from './rollout-start.ts';

export const registerRollout: RegisterCommand = (program, context) => {
  const rollout = program.command('rollout').summary('a new version for a role: a canary, then wave after wave');
  registerRolloutStart(rollout, context, (id) => watchRollout(id, context));
  registerList(rollout, context);
  registerShow(rollout, context);
  registerWatch(rollout, context);
  for (const order of orders) registerOrder(order, rollout, context);
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list rollouts, newest first')
    .description('All that go on, and the last fifty that have ended.')
    .addHelpText('after', '\nExample:\n  pi-image rollout list')
    .action(async ({ output }: { output: OutputFormat }) => {
      const found = await call(await context.service(), 'GET /rollouts');
      context.stdout(renderListing(found, output, rolloutListing(Date.now())));
    });
  withOutput(list);
}

function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .alias('status')
    .summary('show the waves of a rollout and what its nodes came to')
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  pi-image rollout show 3')
    .action(async (id: string, { output }: { output: 'table' | 'json' | 'yaml' }) => {
      const found = await readRollout(id, context);
      context.stdout(output === 'table' ? renderRollout(found, Date.now()) : renderValue(found, output));
    });
  withOutput(show, ['table', 'json', 'yaml']);
}

function registerWatch(parent: Command, context: CliContext): void {
  parent
    .command('watch')
    .summary('follow a rollout to its end')
    .description(
      'Drawn again in its place, or a line for each change when not on a terminal. Ctrl-C ends the watching, not the ' +
        'rollout. Exit code 1 when it ended other than done.',
    )
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  pi-image rollout watch 3')
    .action((id: string) => watchRollout(id, context));
}

const orders = [
  {
    verb: 'pause',
    summary: 'begin no other node until it is resumed',
    description: 'Nodes that are under way go on to the end. One that does not come up takes all back all the same.',
    does: 'is paused',
  },
  {
    verb: 'resume',
    summary: 'go on with a rollout that was paused',
    description: 'Its gates have all their time again, and nodes that had kept the old version are tried again.',
    does: 'goes on',
  },
  {
    verb: 'abort',
    summary: 'give all nodes back what they had',
    description: 'Nodes that are under way go on to the end first, so that none is left half-way.',
    does: 'is taken back',
  },
] as const;

function registerOrder(
  { verb, summary, description, does }: (typeof orders)[number],
  parent: Command,
  context: CliContext,
): void {
  const command = parent
    .command(verb)
    .summary(summary)
    .description(description)
    .argument('<id>')
    .addHelpText('after', `\nExample:\n  pi-image rollout ${verb} 3`)
    .action(async (id: string, flags: ChangeFlags) => {
      const server = await context.service();
      const given = { path: { id: numberOf(id) }, query: dryRunQuery(flags.dryRun) };
      const answer = await call(server, `POST /rollouts/{id}:${verb}`, given);
      if (flags.output === 'name') return context.stdout(`${answer.rollout}\n`);
      if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
      const { nodes, dryRun, rollout } = answer;
      const has = nodes.length === 0 ? '' : `; ${compressHostlist(nodes)} have it, or get it just now`;
      context.stdout(`rollout ${rollout} ${does}${has}\n${dryRun ? 'dry run: nothing was changed\n' : ''}`);
    });
  withChangeFlags(command);
}

/** What is no number is refused before the service is asked. */
function numberOf(id: string): string {
  if (!/^\d{1,9}$/.test(id)) {
    throw new UsageError(`"${id}" is not the number of a rollout`, { hint: 'See "pi-image rollout list".' });
  }
  return id;
}

async function readRollout(id: string, context: CliContext): Promise<ShownRollout> {
  return call(await context.service(), 'GET /rollouts/{id}', { path: { id: numberOf(id) } });
}

async function watchRollout(id: string, context: CliContext): Promise<void> {
  const { stdout, terminal, signal } = context;
  const server = await context.service();
  const stopped = new AbortController();
  const ending = AbortSignal.any([signal, stopped.signal]);
  let last: ShownRollout | undefined;
  const read = async () => {
    last = await readRollout(id, context);
    return last;
  };
  const what = { read, draw: renderRollout, changes: rolloutChanges, isOver: isEnded };
  try {
    await watch(what, { stdout, terminal, signal, bell: ringOnEvents(server, ending), now: () => Date.now() });
  } finally {
    stopped.abort();
  }
  if (last === undefined || !isEnded(last) || last.state === 'done') return;
  throw new HostError(`rollout ${id}: ${describeEnd(last)}`, { hint: `See "pi-image rollout show ${id}".` });
}

const isEnded = ({ endedAtMs }: ShownRollout): boolean => endedAtMs !== undefined;
