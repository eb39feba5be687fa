/** pi-image node remove. */
import type { Command } from 'commander';

import { ConfigError } from '../../model/errors.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import { describeLeft } from '../left-trees.ts';
import { withNodes } from '../node-client.ts';
import { changeEach, chooseTargets, showChanges, withChangeFlags, type ChangeFlags } from './node-change.ts';

interface RemoveFlags extends ChangeFlags {
  readonly yes?: boolean;
}

export function registerRemove(parent: Command, context: CliContext): void {
  const remove = parent
    .command('remove')
    .summary('remove nodes')
    .description(
      'A board that runs goes on until it is switched off; at its next boot it is unknown. Its keys are kept, and are ' +
        'its own again when a node of the same name is added. So is its private tree ("root: persistent"): "image gc --trees" ' +
        'removes that.',
    )
    .argument('<nodes...>', 'names, node[01-08], @role')
    .option('-y, --yes', 'remove them')
    .addHelpText('after', '\nExample:\n  pi-image node remove node08 --yes')
    .action((selectors: string[], flags: RemoveFlags) => removeNodes(selectors, flags, context));
  withChangeFlags(remove);
}

async function removeNodes(selectors: readonly string[], flags: RemoveFlags, context: CliContext): Promise<void> {
  // What lies on the disk of another machine is seen there.
  const isHere = typeof (await context.service()) === 'string';
  return withNodes(context, async (client) => {
    if (flags.dryRun !== true && flags.yes !== true) {
      const names = (await chooseTargets(selectors, client)).map(({ name }) => name);
      await changeEach(names, { dryRun: true }, client, client.removeNode);
      throw new ConfigError(`${compressHostlist(names)} would be removed`, { hint: 'Add --yes to remove them.' });
    }
    const removed = await changeEach(selectors, flags, client, client.removeNode);
    const answers = removed.map(({ answer }) => answer);
    showChanges(answers, { flags, context, client, nothing: 'nothing to remove' });
    const names = answers.flatMap(({ changes }) => changes.map(({ node }) => node));
    if (isHere) context.stderr(await describeLeft(names, context.paths()));
  });
}
