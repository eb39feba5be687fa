/** pi-image overlay why: which overlay and template a file of a node came from, and what it hides. */
import path from 'node:path';

import type { Command } from 'commander';

import { overlayFolders } from '../../host/config-files.ts';
import { unreachable } from '../../model/errors.ts';
import { explainOverlay, type ExplainedFile } from '../../plan/explain-node.ts';
import { withOwnerOf } from '../../plan/overlay-owner.ts';
import { whyPath, type Mention, type WhyPath } from '../../plan/overlay-why.ts';
import type { CliContext } from '../context.ts';
import { readNode, relativePath } from '../node-files.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';

export function registerWhy(parent: Command, context: CliContext): void {
  const command = parent
    .command('why')
    .summary('say which overlay and template a file of a node came from')
    .description(
      'Names the file that it is made of, whether it is a template and for whom it is rendered, and everything that it ' +
        'hides: the same path in overlays before it, and overlays that ship with the same name.',
    )
    .argument('<node>')
    .argument('<path>', 'path on the node, for example /etc/hosts')
    .addHelpText('after', '\nExample:\n  pi-image overlay why node01 /etc/hosts')
    .action(async (name: string, wanted: string, { output }: { output: 'table' | 'json' | 'yaml' }) => {
      const of = await readNode(name, context);
      const why = whyPath(of.node, of.view, relativePath(wanted));
      const file = explainOverlay(of.node, withOwnerOf(why.path, of.view), of.manifest).find(
        (each) => each.path === why.path,
      );
      const [folder, ...hidden] = await overlayFolders(context.paths().dataDirs, why.from?.overlay ?? '');
      const report = { why, file, folder, hidden };
      context.stdout(output === 'table' ? renderWhy(report) : renderValue(dataOf(report), output));
    });
  withOutput(command, ['table', 'json', 'yaml']);
}

interface Report {
  readonly why: WhyPath;
  readonly file: ExplainedFile | undefined;
  /** Of the overlay that counts, and of its namesakes. */
  readonly folder: string | undefined;
  readonly hidden: readonly string[];
}

function renderWhy({ why, file, folder, hidden }: Report): string {
  const { entry, from } = why;
  return renderFacts([
    ['path', `/${why.path}`],
    ['from', from === undefined ? nobody(why) : describe(from, folder)],
    ['content', contentOf(why, file)],
    ['kept', entry && (entry.live ? 'live: follows changes while the node runs' : 'frozen: part of the generation')],
    ['mode', file?.mode && `${file.mode} ${file.owner ?? ''}`],
    ['role', `${why.role}: ${why.overlays.join(', ')}`],
    ...why.hides.map((mention) => ['hides', describe(mention, undefined)] as const),
    ...hidden.map((other) => ['hides', `the overlay of the same name in ${other}`] as const),
  ]);
}

function nobody({ overlays }: WhyPath): string {
  return overlays.length === 0
    ? 'the image: the role has no overlays'
    : 'the image, if it has it: no overlay of the role brings it';
}

function describe({ overlay, how, source }: Mention, folder: string | undefined): string {
  switch (how) {
    case 'brings':
      return folder === undefined ? source : `${source} (${path.join(path.dirname(folder), '..', source)})`;
    case 'removes':
      return `taken away by the overlay ${overlay} (${source})`;
    case 'enables':
    case 'masks':
      return `the overlay ${overlay}, which ${how} ${source}`;
    default:
      return unreachable(how);
  }
}

const renderedFor = {
  cluster: 'one text for the whole cluster',
  role: 'one text for all nodes of a role that have the same variables',
  node: 'a text for each node',
} as const;

function contentOf({ entry, template }: WhyPath, file: ExplainedFile | undefined): string | undefined {
  if (entry === undefined) return undefined;
  if (entry.kind === 'secret') return `the secret ${entry.secret}`;
  if (entry.kind === 'link') return `a link to ${file?.target ?? entry.target}`;
  if (entry.kind === 'directory') return 'a folder';
  if (template === undefined) return 'copied as it is';
  const reads = template.reads.length === 0 ? 'reads no variables' : `reads ${template.reads.join(', ')}`;
  return `a template: ${renderedFor[template.scope]}; it ${reads}`;
}

function dataOf({ why: { entry, from, hides, template, ...why }, file, folder, hidden }: Report) {
  return { ...why, kind: entry?.kind ?? 'image', from, folder, template, file, hides, hiddenOverlays: hidden };
}
