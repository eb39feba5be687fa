/** pi-image overlay show: what an overlay is, or a file as a node gets it. */
import type { Command } from 'commander';

import { showOverlay } from '../../plan/overlay-list.ts';
import type { CliContext } from '../context.ts';
import { findFile, readNode, readNodeFiles, textOf } from '../node-files.ts';
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
        'gets it when it boots now. In the place of a secret stands its name; --secrets shows it, to root.',
    )
    .argument('<overlay|node>')
    .argument('[path]', 'path on the node, for example /etc/hosts')
    .option('--secrets', 'show the content of secrets')
    .addHelpText('after', '\nExamples:\n  pi-image overlay show slurm-node\n  pi-image overlay show node01 /etc/hosts')
    .action(async (name: string, path: string | undefined, flags: ShowFlags) => {
      context.stdout(
        path === undefined ? await showWhole(name, flags, context) : await showFile(name, path, flags, context),
      );
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

async function showFile(name: string, path: string, flags: ShowFlags, context: CliContext): Promise<string> {
  const of = await readNode(name, context);
  const files = await readNodeFiles(of, flags.secrets === true, context);
  const file = findFile(files, path, `the role ${of.node.role}`, name);
  const isHidden = file.kind === 'file' && file.isSecret === true && flags.secrets !== true;
  if (isHidden) context.stderr(`note: ${file.path} is a secret; root sees it with --secrets\n`);
  const text = textOf(file);
  return isHidden ? `${text}\n` : text;
}
