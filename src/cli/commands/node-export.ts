/** pi-image node export: nodes.yaml as it would be written now. */
import type { Command } from 'commander';

import { renderYaml } from '../../host/yaml-text.ts';
import type { NodeSpec } from '../../model/node.ts';
import type { CliContext } from '../context.ts';
import { readApplied } from '../read-nodes.ts';

export function registerExport(parent: Command, context: CliContext): void {
  parent
    .command('export')
    .summary('write all nodes as nodes.yaml')
    .description(
      'Prints the nodes as they were applied, in the format that "pi-image apply -f" reads; with --server also the MAC ' +
        'addresses that were learned.',
    )
    .addHelpText('after', '\nExample:\n  pi-image node export > nodes.yaml')
    .action(async () => {
      context.stdout(renderYaml((await readApplied(context)).map(withoutDefaults)));
    });
}

function withoutDefaults({ vars, ...node }: NodeSpec): object {
  return Object.keys(vars).length === 0 ? node : { ...node, vars };
}
