/** pi-image overlay show: what an overlay is, or a file as a node gets it. */
import type { Command } from 'commander';

import { ConfigError } from '../../model/errors.ts';
import { didYouMean } from '../../model/nearest.ts';
import { secretsOf, type OverlaySource } from '../../model/overlay-source.ts';
import type { ClusterView } from '../../model/view.ts';
import type { CliContext } from '../context.ts';
import { findFile, readNode, readNodeFiles, textOf } from '../node-files.ts';
import { renderValue, withOutput } from '../output.ts';
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
        path === undefined ? await showOverlay(name, flags, context) : await showFile(name, path, flags, context),
      );
    });
  withOutput(show, ['yaml', 'json']);
}

async function showOverlay(name: string, { output }: ShowFlags, context: CliContext): Promise<string> {
  const source = findOverlay(name, await readView(context.paths()));
  const files = source.files.map((file) => {
    const isTemplate = file.kind === 'file' && file.isTemplate;
    return { path: file.path, kind: isTemplate ? 'template' : file.kind };
  });
  const {
    summary,
    needs: { vars },
    ...spec
  } = source.spec;
  const needs = { vars, secrets: secretsOf(source.spec) };
  return renderValue({ name, summary, needs, tree: files, ...spec }, output);
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

export function findOverlay(name: string, { overlays }: ClusterView): OverlaySource {
  const found = overlays.get(name);
  if (found !== undefined) return found;
  const known = [...overlays.keys()];
  throw new ConfigError(`there is no overlay ${name}${didYouMean(name, known)}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}
