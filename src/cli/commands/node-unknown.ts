/** pi-image node unknown, node blink: boards that wait for a name, and which of them is which. */
import type { Command } from 'commander';

import { parseMac } from '../../model/mac.ts';
import type { WaitingBoard } from '../../model/state.ts';
import type { ApiServer } from '../api-client.ts';
import { branded } from '../branded.ts';
import type { CliContext } from '../context.ts';
import { printable } from '../format.ts';
import { renderListing, renderValue, withOutput, type OutputFormat } from '../output.ts';
import { boardColumns } from '../status-text.ts';
import { call } from '../typed-client.ts';

export function registerUnknown(parent: Command, context: CliContext): void {
  const unknown = parent
    .command('unknown')
    .summary('list boards that wait for a name')
    .description(
      'Asks the running service, in the order in which the boards were switched on. Model, memory and switch port are what ' +
        'a board says itself once it waits in its hold boot, for which network.hold in cluster.yaml names an image.',
    )
    .addHelpText('after', '\nExamples:\n  pi-image node unknown\n  pi-image node unknown -o name')
    .action(async ({ output }: { output: OutputFormat }) => {
      const server = await context.service();
      const boards = branded<readonly WaitingBoard[]>(await call(server, 'GET /unknown-boards'));
      const columns = [{ title: 'mac', of: ({ mac }: WaitingBoard) => mac }, ...boardColumns(boards, Date.now())];
      const empty = 'no board waits for a name; switch one on, and look again';
      context.stdout(renderListing(boards, output, { columns, name: ({ mac }) => mac, empty }));
      if (output === 'table') context.stdout(await renderConflicts(server));
    });
  withOutput(unknown);
}

/** Boards that get no address, and so never wait for a name: they may be the one that is looked for. */
async function renderConflicts(server: ApiServer): Promise<string> {
  const { findings } = await call(server, 'GET /diagnosis');
  const found = findings.filter(({ rule }) => rule === 'identity-conflict');
  // Each of the nodes that it could be says it.
  const told = new Map(found.map(({ cause, hint = '' }) => [cause, hint]));
  return [...told].map(([cause, hint]) => `\nNot answered: ${printable(cause)}\n    do: ${printable(hint)}\n`).join('');
}

export function registerBlink(parent: Command, context: CliContext): void {
  const blink = parent
    .command('blink')
    .summary('have the LED of a board blink that waits for a name')
    .description(
      'For ten seconds. The board must wait in its hold boot: "pi-image node unknown" says so under "holds".',
    )
    .argument('<mac>', 'of the board')
    .addHelpText('after', '\nExample:\n  pi-image node blink dc:a6:32:01:02:03')
    .action(async (text: string, { output }: { output: 'table' | 'json' | 'yaml' }) => {
      const mac = parseMac(text);
      const board = await call(await context.service(), 'POST /unknown-boards/{mac}:blink', { path: { mac } });
      if (output === 'table') return context.stdout(`${mac} blinks for ten seconds\n`);
      context.stdout(renderValue(board, output));
    });
  withOutput(blink, ['table', 'json', 'yaml']);
}
