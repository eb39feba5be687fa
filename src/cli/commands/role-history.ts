/** pi-image role history: who changed what of a role, when. */
import type { Command } from 'commander';

import { changeListing } from '../change-listing.ts';
import type { CliContext } from '../context.ts';
import { renderListing, withOutput } from '../output.ts';
import { call } from '../typed-client.ts';

export function registerRoleHistory(parent: Command, context: CliContext): void {
  const history = parent
    .command('history')
    .summary('list who changed what of a role, newest first')
    .description(
      'Versions of its image that were chosen, nodes that got or lost the role, operations and rollouts, and edits of its part ' +
        'of cluster.yaml and of its overlays, as far as events are kept. Edits are told when the running service has read them.',
    )
    .argument('<role>')
    .addHelpText('after', '\nExample:\n  pi-image role history compute')
    .action(async (name: string, { output }: { output: 'table' | 'json' | 'yaml' }) => {
      const changes = await call(await context.service(), 'GET /roles/{name}/history', { path: { name } });
      context.stdout(renderListing(changes, output, changeListing(`role ${name}`, true)));
    });
  withOutput(history, ['table', 'json', 'yaml']);
}
