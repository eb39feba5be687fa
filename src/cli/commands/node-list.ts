/** pi-image node list. */
import type { Command } from 'commander';

import type { NodeSpec } from '../../model/node.ts';
import { compareNames } from '../../plan/hostlist.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { CliContext } from '../context.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readNodes } from '../read-nodes.ts';

const listing: Listing<NodeSpec> = {
  columns: [
    { title: 'name', of: (node) => node.name },
    { title: 'role', of: (node) => node.role },
    { title: 'board', of: (node) => node.board },
    { title: 'address', of: (node) => node.address },
    { title: 'serial', of: (node) => node.serial },
    { title: 'mac', of: (node) => node.mac },
  ],
  name: (node) => node.name,
  empty: 'there are no nodes yet; write nodes.yaml and run "pi-image apply -f nodes.yaml"',
};

export function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list nodes')
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addHelpText('after', '\nExamples:\n  pi-image node list\n  pi-image node list node[01-08] @login -o name')
    .action(async (selectors: string[], options: { output: OutputFormat }) => {
      const nodes = await readNodes(context);
      const chosen = selectors.length === 0 ? nodes : selectNodes(selectors, nodes);
      const sorted = chosen.toSorted((a, b) => compareNames(a.name, b.name));
      context.stdout(renderListing(sorted, options.output, listing));
    });
  withOutput(list);
}
