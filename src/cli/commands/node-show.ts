/** pi-image node show. */
import type { Command } from 'commander';

import { selectNodes } from '../../plan/select-nodes.ts';
import type { CliContext } from '../context.ts';
import { renderValue, withOutput } from '../output.ts';
import { readView } from '../view.ts';

export function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show what is known of nodes')
    .argument('<nodes...>', 'names, node[01-08], @role')
    .addHelpText('after', '\nExample:\n  pi-image node show node01')
    .action(async (selectors: string[], options: { output: 'yaml' | 'json' }) => {
      const { nodes } = await readView(context.paths());
      const chosen = selectNodes(selectors, nodes);
      context.stdout(renderValue(chosen.length === 1 ? chosen[0] : chosen, options.output));
    });
  withOutput(show, ['yaml', 'json']);
}
