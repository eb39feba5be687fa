/** pi-image node list. */
import { InvalidArgumentError, Option, type Command } from 'commander';

import { boardNames, type BoardName } from '../../model/board.ts';
import { LabelSelector } from '../../model/labels.ts';
import type { NodeSpec } from '../../model/node.ts';
import { byName, filterNodes } from '../../plan/filter-nodes.ts';
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

interface ListFlags {
  readonly output: OutputFormat;
  readonly role?: string;
  readonly board?: BoardName;
  readonly label?: readonly string[];
}

export function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list nodes')
    .argument('[nodes...]', 'only these: names, node[01-08], @role, label=value')
    .option('--role <role>', 'only those with this role')
    .addOption(new Option('--board <board>', 'only those of this family').choices(boardNames))
    .option('--label <name=value>', 'only those with this label, or NAME for any value; may be repeated', parseSelector)
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node list\n  pi-image node list node[01-08] @login -o name\n' +
        '  pi-image node list --label rack=a1 --role compute',
    )
    .action(async (selectors: string[], { output, role, board, label: labels }: ListFlags) => {
      const nodes = await readNodes(context);
      const chosen = selectors.length === 0 ? nodes : selectNodes(selectors, nodes);
      const shown = byName(filterNodes(chosen, { role, board, labels }));
      context.stdout(renderListing(shown, output, listing));
    });
  withOutput(list);
}

function parseSelector(text: string, before: readonly string[] = []): readonly string[] {
  if (LabelSelector.safeParse(text).success) return [...before, text];
  throw new InvalidArgumentError('Write NAME=VALUE, for example rack=a1, or NAME.');
}
