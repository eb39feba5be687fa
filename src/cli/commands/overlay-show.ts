/** pi-image overlay show: what an overlay is, or a file as a node gets it. */
import type { Command } from 'commander';

import { explainOverlay } from '../../plan/explain-node.ts';
import { showOverlay } from '../../plan/overlay-list.ts';
import { withOwnerOf } from '../../plan/overlay-owner.ts';
import type { CliContext } from '../context.ts';
import {
  findFile,
  readNode,
  readNodeFiles,
  relativePath,
  textOf,
  type NodeInView,
  type PlacedFile,
} from '../node-files.ts';
import { renderValue, withOutput } from '../output.ts';
import { call } from '../typed-client.ts';
import { readView } from '../view.ts';

interface ShowFlags {
  readonly secrets?: boolean;
  readonly output: 'yaml' | 'json';
}

export function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show what an overlay needs and brings, or a file as a node gets it')
    .description(
      'With one name: the overlay. With a node and a path: that file, rendered with all overlays of its role, as the node ' +
        'gets it when it boots now; with -o as a value that has its owner and mode too. In the place of a secret stands its ' +
        'name; --secrets shows it, to root.',
    )
    .argument('<overlay|node>')
    .argument('[path]', 'path on the node, for example /etc/hosts')
    .option('--secrets', 'show the content of secrets')
    .addHelpText('after', '\nExamples:\n  pi-image overlay show slurm-node\n  pi-image overlay show node01 /etc/hosts')
    .action(async (name: string, path: string | undefined, flags: ShowFlags, command: Command) => {
      if (path === undefined) return context.stdout(await showWhole(name, flags, context));
      const isAsked = command.getOptionValueSource('output') !== 'default';
      const { secrets, output } = flags;
      const shown = await readShown(name, path, { secrets: secrets === true, context });
      context.stdout(isAsked ? renderValue(valueOf(shown), output) : renderText(shown));
    });
  withOutput(show, ['yaml', 'json']);
}

async function showWhole(name: string, { output }: ShowFlags, context: CliContext): Promise<string> {
  const server = await context.service();
  if (typeof server !== 'string') {
    return renderValue(await call(server, 'GET /overlays/{name}', { path: { name } }), output);
  }
  return renderValue(showOverlay(name, await readView(context.paths())), output);
}

interface Shown {
  readonly of: NodeInView;
  readonly file: PlacedFile;
  /** In the place of its content stands the name of the secret. */
  readonly isHidden: boolean;
}

async function readShown(
  name: string,
  path: string,
  { secrets, context }: { readonly secrets: boolean; readonly context: CliContext },
): Promise<Shown> {
  const { node, view, manifest } = await readNode(name, context);
  const of = { node, view: withOwnerOf(relativePath(path), view), manifest };
  const file = findFile(await readNodeFiles(of, secrets, context), path, `the role ${node.role}`, name);
  const isHidden = file.kind === 'file' && file.isSecret === true && !secrets;
  if (isHidden) context.stderr(`note: ${file.path} is a secret; root sees it with --secrets\n`);
  return { of, file, isHidden };
}

const renderText = ({ file, isHidden }: Shown): string => (isHidden ? `${textOf(file)}\n` : textOf(file));

function valueOf({ of: { node, view, manifest }, file, isHidden }: Shown): object {
  const facts = explainOverlay(node, view, manifest).find((each) => each.path === file.path);
  return { ...facts, content: file.kind !== 'file' || isHidden ? undefined : textOf(file) };
}
