/** pi-image status: is the service well, where does each node stand, which boards wait for a name? */
import { HostError, UsageError } from '../../model/errors.ts';
import type { ApiServer } from '../api-client.ts';
import { askNodes } from '../ask-nodes.ts';
import { askHealth } from '../ask-service.ts';
import { branded } from '../branded.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { ringOnEvents } from '../event-bell.ts';
import { renderValue, withOutput } from '../output.ts';
import { renderScreen, renderStatus, statusChanges, type Status } from '../status-text.ts';
import { call } from '../typed-client.ts';
import { watch } from '../watch.ts';

interface StatusOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly watch?: true;
}

export const registerStatus: RegisterCommand = (program, context) => {
  const status = program
    .command('status')
    .summary('how the service and its nodes are')
    .description(
      'Asks the running service: its parts, each node with the phase of its last boot, and boards that are no nodes yet. ' +
        'Fails when a part of the service has a problem.',
    )
    .option(
      '-w, --watch',
      'go on until Ctrl-C: drawn again in its place, or a line for each change when not on a terminal',
    )
    .addHelpText('after', '\nExamples:\n  pi-image status\n  pi-image status --watch\n  pi-image status -o json')
    .action(async ({ output, watch: goesOn }: StatusOptions) => {
      if (goesOn === true) return watchStatus(context, output);
      const found = await readStatus(await context.service());
      context.stdout(output === 'table' ? renderStatus(found, Date.now()) : renderValue(found, output));
      const broken = found.health.parts.filter(({ problems }) => problems.length > 0).map(({ name }) => name);
      if (broken.length > 0) throw new HostError(`the service has problems: ${broken.join(', ')}`);
    });
  withOutput(status, ['table', 'json', 'yaml']);
};

async function watchStatus(context: CliContext, output: StatusOptions['output']): Promise<void> {
  if (output !== 'table') {
    throw new UsageError(`--watch does not go with -o ${output}`, {
      hint: 'For programs there is GET /api/v1/events.',
    });
  }
  const server = await context.service();
  const { stdout, terminal, signal } = context;
  const stopped = new AbortController();
  const bell = ringOnEvents(server, AbortSignal.any([signal, stopped.signal]));
  const what = { read: () => readStatus(server), draw: renderScreen, changes: statusChanges };
  try {
    await watch(what, { stdout, terminal, signal, bell, now: () => Date.now() });
  } finally {
    stopped.abort();
  }
}

async function readStatus(server: ApiServer): Promise<Status> {
  const [health, nodes, unknownBoards] = await Promise.all([
    askHealth(server),
    askNodes(server),
    call(server, 'GET /unknown-boards'),
  ]);
  return { health, nodes, unknownBoards: branded<Status['unknownBoards']>(unknownBoards) };
}
