/** pi-image operation: work on nodes that takes minutes, how it goes, how to stop it, and how to go on. */
import type { Command } from 'commander';

import type { AnyShownOperation, CancelledOperation } from '../../api/schemas/operation.ts';
import { HostError, UsageError } from '../../model/errors.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { ringOnEvents } from '../event-bell.ts';
import { describeEnd, operationChanges, operationListing, renderOperation } from '../operation-text.ts';
import { renderListing, renderValue, withOutput, type OutputFormat } from '../output.ts';
import { call, dryRunQuery } from '../typed-client.ts';
import { watch } from '../watch.ts';
import { withChangeFlags, type ChangeFlags } from './node-change.ts';

export const registerOperation: RegisterCommand = (program, context) => {
  const operation = program
    .command('operation')
    .summary('work that takes minutes: roles, drains, reboots, another munge key, builds');
  registerList(operation, context);
  registerShow(operation, context);
  registerWatch(operation, context);
  registerCancel(operation, context);
  registerResume(operation, context);
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list operations, newest first')
    .description('All that go on, and the last hundred that have ended.')
    .addHelpText('after', '\nExample:\n  pi-image operation list')
    .action(async ({ output }: { output: OutputFormat }) => {
      const found = await call(await context.service(), 'GET /operations');
      context.stdout(renderListing(found, output, operationListing(Date.now())));
    });
  withOutput(list);
}

function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show where each node of an operation stands')
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  pi-image operation show 12')
    .action(async (id: string, { output }: { output: 'table' | 'json' | 'yaml' }) => {
      const found = await readOperation(id, context);
      context.stdout(output === 'table' ? renderOperation(found, Date.now()) : renderValue(found, output));
    });
  withOutput(show, ['table', 'json', 'yaml']);
}

function registerWatch(parent: Command, context: CliContext): void {
  parent
    .command('watch')
    .summary('follow an operation to its end')
    .description(
      'Drawn again in its place, or a line for each step when not on a terminal. Ctrl-C ends the watching, not the ' +
        'operation. Exit code 1 when it ended other than done.',
    )
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  pi-image operation watch 12')
    .action((id: string) => watchOperation(id, context));
}

function registerCancel(parent: Command, context: CliContext): void {
  const cancel = parent
    .command('cancel')
    .summary('begin no other node')
    .description(
      'Nodes that are drained only take jobs again. Those whose role is changed already go on to the end, so that none ' +
        'is left half-way. Of another munge key: the old one comes back. A build ends, and makes no version.',
    )
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  pi-image operation cancel 12')
    .action(async (id: string, flags: ChangeFlags) => {
      const server = await context.service();
      const given = { path: { id: numberOf(id) }, query: dryRunQuery(flags.dryRun) };
      const answer = await call(server, 'POST /operations/{id}:cancel', given);
      if (flags.output === 'name') return context.stdout(`${answer.operation}\n`);
      if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
      context.stdout(describeCancel(answer));
    });
  withChangeFlags(cancel);
}

function registerResume(parent: Command, context: CliContext): void {
  const resume = parent
    .command('resume')
    .summary('go on with one that stopped')
    .description(
      'Of a role for nodes that stopped because too many failed, or was cancelled: nodes that were not begun, or kept ' +
        'what they had, have their turn. Those that failed stay as they are, and a fifth of the others may fail anew.',
    )
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  pi-image operation resume 12')
    .action(async (id: string, flags: ChangeFlags) => {
      const server = await context.service();
      const given = { path: { id: numberOf(id) }, query: dryRunQuery(flags.dryRun) };
      const answer = await call(server, 'POST /operations/{id}:resume', given);
      if (flags.output === 'name') return context.stdout(`${answer.operation}\n`);
      if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
      const { operation, nodes, dryRun } = answer;
      context.stdout(`operation ${operation} ${dryRun ? 'would go on' : 'goes on'} with ${compressHostlist(nodes)}\n`);
    });
  withChangeFlags(resume);
}

function describeCancel({ operation, goOn, dryRun }: CancelledOperation): string {
  const rest = goOn.length === 0 ? '' : `; ${compressHostlist(goOn)} go on to the end`;
  return `operation ${operation} ${dryRun ? 'would stop' : 'stops'}${rest}\n`;
}

/** What is no number is refused before the service is asked. */
function numberOf(id: string): string {
  if (!/^\d{1,9}$/.test(id)) {
    throw new UsageError(`"${id}" is not the number of an operation`, { hint: 'See "pi-image operation list".' });
  }
  return id;
}

export async function readOperation(id: string, context: CliContext): Promise<AnyShownOperation> {
  return call(await context.service(), 'GET /operations/{id}', { path: { id: numberOf(id) } });
}

export async function watchOperation(id: string, context: CliContext): Promise<void> {
  const { stdout, terminal, signal } = context;
  const server = await context.service();
  const stopped = new AbortController();
  const ending = AbortSignal.any([signal, stopped.signal]);
  let last: AnyShownOperation | undefined;
  const read = async () => {
    last = await readOperation(id, context);
    return last;
  };
  const what = { read, draw: renderOperation, changes: operationChanges, isOver: isEnded };
  try {
    await watch(what, { stdout, terminal, signal, bell: ringOnEvents(server, ending), now: () => Date.now() });
  } finally {
    stopped.abort();
  }
  if (last === undefined || !isEnded(last) || last.state === 'done') return;
  throw new HostError(`operation ${id}: ${describeEnd(last)}`, { hint: `See "pi-image operation show ${id}".` });
}

const isEnded = ({ endedAtMs }: AnyShownOperation): boolean => endedAtMs !== undefined;
