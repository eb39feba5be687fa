/** pi-image apply: makes the nodes what nodes.yaml says, through the running service or in the state. */
import { readNodesFile } from '../../host/config-files.ts';
import { updateState } from '../../host/state-file.ts';
import { ConfigError } from '../../model/errors.ts';
import type { NodeSpec } from '../../model/node.ts';
import { placeProblems, ProblemsError } from '../../model/problem.ts';
import { checkNodes } from '../../plan/check-cluster-nodes.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import { diffNodes, renderChange, type NodeChange } from '../../plan/node-changes.ts';
import { replaceNodes } from '../../plan/state-changes.ts';
import { apiSocket, requestOk } from '../api-client.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { readSources } from '../view.ts';

interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const registerApply: RegisterCommand = (program, context) => {
  program
    .command('apply')
    .summary('make the nodes what nodes.yaml says')
    .description(
      'Checks nodes.yaml against cluster.yaml, shows what it changes, and hands it to the running service; without one ' +
        'it writes the state. The file is the whole list: nodes that are not in it are removed, which --yes confirms. ' +
        'A changed node gets its new files and role at its next boot.',
    )
    .requiredOption('-f, --file <nodes.yaml>', 'the list of all nodes; - reads it from stdin')
    .option('--dry-run', 'show what would change, change nothing')
    .option('-y, --yes', 'remove nodes that are not in the file')
    .addHelpText('after', '\nExamples:\n  pi-image apply -f nodes.yaml --dry-run\n  pi-image node export > nodes.yaml')
    .action((options: ApplyOptions) => apply(options, context));
};

async function apply(options: ApplyOptions, context: CliContext): Promise<void> {
  const paths = context.paths();
  const { clusterFile, known, applied } = await readSources(paths);
  const { nodes, place } = await readNodesFile(options.file === '-' ? '/dev/stdin' : options.file);
  const problems = checkNodes(nodes, clusterFile.cluster, known);
  if (problems.length > 0) throw new ProblemsError(placeProblems(problems, place));

  const changes = diffNodes(applied, nodes);
  for (const change of changes) context.stdout(`${renderChange(change)}\n`);
  if (changes.length === 0) return context.stdout(`nothing to change: ${count(nodes.length)}\n`);
  if (options.dryRun === true) return context.stdout('dry run: nothing was changed\n');
  if (options.yes !== true) refuseRemoval(changes);
  const how = await write(nodes, context);
  context.stdout(`applied ${count(nodes.length)}${how}\n`);
}

function refuseRemoval(changes: readonly NodeChange[]): void {
  const removed = changes.filter(({ kind }) => kind === 'removed').map(({ node }) => node.name);
  if (removed.length === 0) return;
  throw new ConfigError(`${compressHostlist(removed)} would be removed: not in the file`, {
    hint: 'Add --yes to remove them, or start from "pi-image node export".',
  });
}

async function write(nodes: readonly NodeSpec[], context: CliContext): Promise<string> {
  const { runtime, state } = context.paths();
  const answer = await requestOk(apiSocket(runtime), 'PUT', '/nodes', nodes);
  if (answer.kind === 'answer') return '';
  await updateState(state, (before) => replaceNodes(before, nodes), context.signal);
  return '; no service runs, so they wait in the state';
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}
