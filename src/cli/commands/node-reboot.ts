/** pi-image node reboot: by ssh, through the running service. */
import type { Command } from 'commander';

import type { Reboot } from '../../api/schemas/role.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import { withNodes, type NodeClient } from '../node-client.ts';
import { renderValue } from '../output.ts';
import { changeEach, withChangeFlags, type ChangeFlags } from './node-change.ts';

export function registerReboot(parent: Command, context: CliContext): void {
  const reboot = parent
    .command('reboot')
    .summary('reboot nodes that run')
    .description(
      'The service tells each node by ssh, and its next boot is what it should be now. Ends before they are up again: ' +
        '"pi-image status" shows how it goes.',
    )
    .argument('<nodes...>', 'names, node[01-08], @role')
    .addHelpText('after', '\nExample:\n  pi-image node reboot @compute')
    .action((selectors: string[], flags: ChangeFlags) =>
      withNodes(context, async (client) => showReboots(await rebootEach(selectors, flags, client), flags, context)),
    );
  withChangeFlags(reboot);
}

export function rebootEach(selectors: readonly string[], flags: ChangeFlags, client: NodeClient): Promise<Reboot[]> {
  return changeEach(selectors, flags, client, async (name, options) => {
    const { answer } = await client.reboot(name, options);
    return answer;
  });
}

export function showReboots(answers: readonly Reboot[], { output, dryRun }: ChangeFlags, context: CliContext): void {
  if (output === 'name') return context.stdout(answers.map(({ node }) => `${node}\n`).join(''));
  if (output !== 'table') return context.stdout(renderValue(answers, output));
  const names = compressHostlist(answers.map(({ node }) => node));
  context.stdout(dryRun === true ? `${names} would reboot\ndry run: nothing was changed\n` : `${names} reboots now\n`);
}
