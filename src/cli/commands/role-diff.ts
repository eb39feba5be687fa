/** pi-image role diff: what differs between what two roles give to a node. */
import type { Command } from 'commander';

import { compareRoles, nodeToCompare, type RoleComparison } from '../../plan/compare-roles.ts';
import type { CliContext } from '../context.ts';
import { oneNode } from '../node-files.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';
import { renderPatches, renderRoleDiff } from '../role-diff.ts';
import { readView } from '../view.ts';

interface DiffFlags {
  readonly node?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

export function registerRoleDiff(parent: Command, context: CliContext): void {
  const diff = parent
    .command('diff')
    .summary('show what differs between two roles')
    .description(
      'Image, root, overlays, kernel arguments, exports, Slurm and files, as one node boots them: --node, or one that has ' +
        'one of the roles. What a change of role does to a node is asked with "pi-image node role NODE ROLE --dry-run".',
    )
    .argument('<role>')
    .argument('<other-role>')
    .option('-n, --node <node>', 'the node to compare them for')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image role diff compute login\n  pi-image role diff compute login --node node01',
    )
    .action(async (from: string, to: string, { node, output }: DiffFlags) => {
      const view = await readView(context.paths());
      const whose = node === undefined ? nodeToCompare([from, to], view) : oneNode(node, view);
      const found = compareRoles(from, to, whose, view);
      context.stdout(output === 'table' ? renderComparison(found) : renderValue(found, output));
    });
  withOutput(diff, ['table', 'json', 'yaml']);
}

function renderComparison({ node, diff }: RoleComparison): string {
  const head = renderFacts([
    ['roles', `${diff.role.from} -> ${diff.role.to}`],
    ['node', node],
  ]);
  const patches = renderPatches(diff);
  return `${head}${renderRoleDiff(diff)}${patches === '' ? '' : `\n${patches}`}`;
}
