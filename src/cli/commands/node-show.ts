/** pi-image node show. */
import type { Command } from 'commander';

import type { NodeAnswer } from '../../api/actions.ts';
import type { NodeSpec } from '../../model/node.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import { branded } from '../branded.ts';
import type { CliContext } from '../context.ts';
import { renderNode, renderSpec } from '../node-report.ts';
import { renderValue, withOutput } from '../output.ts';
import { callIfThere } from '../typed-client.ts';
import { readView } from '../view.ts';

export function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show what nodes are, where they stand, and their last boot')
    .description(
      'Shows each node with its state, the reason when it is not ready, and its last boot: what took how long, and what ' +
        'to do when it failed. Without a running service only what the node is.',
    )
    .argument('<nodes...>', 'names, node[01-08], @role')
    .addHelpText('after', '\nExamples:\n  pi-image node show node01\n  pi-image node show @compute -o yaml')
    .action(async (selectors: string[], { output }: { output: 'table' | 'yaml' | 'json' }) => {
      const nodes = await readNodes(context);
      const chosen = selectNodes(selectors, nodes);
      if (output !== 'table') return context.stdout(renderValue(chosen.length === 1 ? chosen[0] : chosen, output));
      const terminal = context.terminal();
      const texts = chosen.map((node) => (isAnswer(node) ? renderNode(node, Date.now(), terminal) : renderSpec(node)));
      context.stdout(texts.join('\n'));
    });
  withOutput(show, ['table', 'yaml', 'json']);
}

/** From the service; where none runs, from what it would read. */
async function readNodes(context: CliContext): Promise<readonly (NodeSpec | NodeAnswer)[]> {
  const called = await callIfThere(await context.service(), 'GET /nodes', {});
  if (called.kind === 'no-service') return (await readView(context.paths())).nodes;
  return branded<readonly NodeAnswer[]>(called.answer);
}

const isAnswer = (node: NodeSpec | NodeAnswer): node is NodeAnswer => 'status' in node;
