/** pi-image node diff: what differs between the boot plans of two nodes. */
import type { Command } from 'commander';

import { diffNodes, type NodeDiff } from '../../plan/node-diff.ts';
import type { CliContext } from '../context.ts';
import { oneNode } from '../node-files.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';
import { fromTo, renderFiles, renderPatches, signed } from '../role-diff.ts';
import { readView } from '../view.ts';

export function registerNodeDiff(parent: Command, context: CliContext): void {
  const diff = parent
    .command('diff')
    .summary('show what differs between what two nodes boot')
    .description(
      'Image, root, overlays, kernel arguments, exports and files. What differs only because the nodes have other names, ' +
        'serials, MAC addresses and addresses is named and not shown.',
    )
    .argument('<node>')
    .argument('<other-node>')
    .addHelpText('after', '\nExample:\n  pi-image node diff node01 node02')
    .action(async (from: string, to: string, { output }: { output: 'table' | 'json' | 'yaml' }) => {
      const view = await readView(context.paths());
      const found = diffNodes(oneNode(from, view), oneNode(to, view), view);
      context.stdout(output === 'table' ? renderNodeDiff(found) : renderValue(found, output));
    });
  withOutput(diff, ['table', 'json', 'yaml']);
}

function renderNodeDiff(diff: NodeDiff): string {
  const facts = renderFacts([
    ['nodes', `${diff.nodes.from} -> ${diff.nodes.to}`],
    ['role', fromTo(diff.role)],
    ['board', fromTo(diff.board)],
    ['image', fromTo(diff.image)],
    ['root', fromTo(diff.root)],
    ['overlays', signed(diff.overlays)],
    ['arguments', signed(diff.kernelArguments)],
    ['command line', signed(diff.commandLine)],
    ['exports', signed(diff.exports)],
    ['slurm', fromTo(diff.slurm)],
    ['by name only', diff.ofIdentity.map((path) => `/${path}`).join(' ')],
  ]);
  const { configTxt = '' } = diff;
  const patches = `${configTxt === '' ? '' : `--- config.txt\n+++ config.txt\n${configTxt}`}${renderPatches(diff)}`;
  return `${facts}${renderFiles(diff.files)}${patches === '' ? '' : `\n${patches}`}`;
}
