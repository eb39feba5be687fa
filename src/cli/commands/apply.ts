/** pi-image apply: makes the nodes what nodes.yaml says, through the running service or in the state. */
import type { NodesChange } from '../../api/schemas/node.ts';
import { readNodesFile } from '../../host/config-files.ts';
import { ConfigError } from '../../model/errors.ts';
import type { NodeSpec } from '../../model/node.ts';
import { placeProblems, ProblemsError, type Place } from '../../model/problem.ts';
import { checkNodes } from '../../plan/check-cluster-nodes.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { describeLeft } from '../left-trees.ts';
import { withNodes, type NodeClient } from '../node-client.ts';
import { readSources } from '../view.ts';
import { optionsOf, renderNodesChange, showChanges, withChangeFlags, type ChangeFlags } from './node-change.ts';

interface ApplyOptions extends ChangeFlags {
  readonly file: string;
  readonly yes?: boolean;
}

export const registerApply: RegisterCommand = (program, context) => {
  const command = program
    .command('apply')
    .summary('make the nodes what nodes.yaml says')
    .description(
      'Checks nodes.yaml against cluster.yaml, shows what it changes, and hands it to the running service; without one ' +
        'it writes the state. The file is the whole list: nodes that are not in it are removed, which --yes confirms. ' +
        'A changed node gets its new files and role at its next boot.',
    )
    .requiredOption('-f, --file <nodes.yaml>', 'the list of all nodes; - reads it from stdin')
    .option('-y, --yes', 'remove nodes that are not in the file')
    .addHelpText('after', '\nExamples:\n  pi-image apply -f nodes.yaml --dry-run\n  pi-image node export > nodes.yaml')
    .action((options: ApplyOptions) => apply(options, context));
  withChangeFlags(command);
};

async function apply(options: ApplyOptions, context: CliContext): Promise<void> {
  const { nodes, place } = await readNodesFile(options.file === '-' ? '/dev/stdin' : options.file);
  const isHere = typeof (await context.service()) === 'string';
  if (isHere) await refuseProblems(nodes, place, context);
  await withNodes(context, async (client) => {
    const planned = await client.applyNodes(nodes, optionsOf({ dryRun: true }));
    const { changes } = planned.answer;
    const isPlan = changes.length === 0 || options.dryRun === true;
    const isForPeople = options.output === 'table';
    if (isForPeople) context.stdout(renderApplied(changes, nodes));
    if (!isPlan && options.yes !== true) refuseRemoval(changes);
    // What was shown is what is done: whatever others have changed since would be overwritten unseen.
    if (!isPlan) await client.applyNodes(nodes, optionsOf({}, planned.etag));
    const nothing = `nothing to change: ${count(nodes.length)}`;
    if (isForPeople) context.stdout(isPlan ? planEnd(changes, nothing) : appliedEnd(nodes, client));
    else showChanges([{ dryRun: options.dryRun === true, changes }], { flags: options, context, client, nothing });
    if (!isPlan && isHere) context.stderr(await describeLeft(removedOf(changes), context.paths()));
  });
}

/** The service would find them too, but knows no lines. */
async function refuseProblems(nodes: readonly NodeSpec[], place: Place, context: CliContext): Promise<void> {
  const { clusterFile, known } = await readSources(context.paths());
  const problems = checkNodes(nodes, clusterFile.cluster, known);
  if (problems.length > 0) throw new ProblemsError(placeProblems(problems, place));
}

type Changes = NodesChange['changes'];

const planEnd = (changes: Changes, nothing: string) =>
  changes.length === 0 ? `${nothing}\n` : 'dry run: nothing was changed\n';

function appliedEnd(nodes: readonly NodeSpec[], { service }: NodeClient): string {
  const how = service === undefined ? '; no service runs, so they wait in the state' : '';
  return `applied ${count(nodes.length)}${how}\n`;
}

/** `+ node01  compute pi5 10.42.0.11`, `~ node02  role: compute -> login`, `- node03` */
function renderApplied(changes: Changes, nodes: readonly NodeSpec[]): string {
  return changes
    .map((change) => {
      const added = change.kind === 'added' ? nodes.find(({ name }) => name === change.node) : undefined;
      if (added === undefined) return renderNodesChange({ dryRun: true, changes: [change] });
      return `+ ${added.name}  ${added.role} ${added.board} ${added.address}\n`;
    })
    .join('');
}

const removedOf = (changes: Changes) => changes.flatMap(({ kind, node }) => (kind === 'removed' ? [node] : []));

function refuseRemoval(changes: Changes): void {
  const removed = removedOf(changes);
  if (removed.length === 0) return;
  throw new ConfigError(`${compressHostlist(removed)} would be removed: not in the file`, {
    hint: 'Add --yes to remove them, or start from "pi-image node export".',
  });
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}
