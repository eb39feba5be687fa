/** pi-image overlay render: all files of a node, listed or written into a folder; or what one overlay becomes on it. */
import { Option, type Command } from 'commander';

import { writeNodeTree } from '../../host/node-tree.ts';
import { ConfigError, HostError, UsageError } from '../../model/errors.ts';
import type { ClusterView } from '../../model/view.ts';
import { explainOverlay, type ExplainedFile } from '../../plan/explain-node.ts';
import { findOverlay } from '../../plan/overlay-list.ts';
import { roleOf } from '../../plan/overlay-variables.ts';
import type { CliContext } from '../context.ts';
import { fileColumns } from '../explanation.ts';
import {
  findFile,
  manifestFor,
  nodeIn,
  oneNode,
  readNodeFiles,
  relativePath,
  textOf,
  type NodeInView,
} from '../node-files.ts';
import { outputFormats, renderTable } from '../output.ts';
import { readView } from '../view.ts';

interface RenderFlags {
  readonly node?: string;
  readonly out?: string;
  readonly secrets?: boolean;
}

export function registerRender(parent: Command, context: CliContext): void {
  parent
    .command('render')
    .summary('show what overlays become on a node')
    .description(
      'With a node: lists what its overlays put on it; --out writes these files into a new folder. With an overlay and ' +
        '--node: what that overlay alone becomes, or one file of it. An image that is not built yet is no obstacle; owners ' +
        'are not checked then. Secrets are left out; root gets them with --secrets.',
    )
    .argument('<node|overlay>')
    .argument('[file]', 'with --node: path on the node, for example etc/hosts')
    .option('-n, --node <node>', 'the node to render the overlay for')
    .addOption(new Option('-o, --out <dir>', 'write the files there').argParser(parseFolder))
    .option('--secrets', 'with --out: secrets too')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image overlay render node01\n  pi-image overlay render node01 -o /tmp/node01\n' +
        '  pi-image overlay render base -n node01 etc/hosts',
    )
    .action(async (name: string, file: string | undefined, flags: RenderFlags) => {
      const text =
        flags.node === undefined
          ? await renderNode(name, file, flags, context)
          : await renderAlone(name, file, flags.node, context);
      context.stdout(text);
    });
}

/** Everywhere else -o says how to show it: a folder of such a name would be a slip. */
function parseFolder(text: string): string {
  if (!outputFormats.some((format) => format === text)) return text;
  throw new UsageError(`-o names the folder to write the files into, and ${text} is the name of a format`, {
    hint: `For a folder of that name write "-o ./${text}".`,
  });
}

async function renderNode(
  name: string,
  file: string | undefined,
  flags: RenderFlags,
  context: CliContext,
): Promise<string> {
  if (file !== undefined) {
    throw new UsageError('a file can be named with --node only', {
      hint: `To see a file of a node: "pi-image overlay show ${name} ${file}".`,
    });
  }
  const view = await readView(context.paths());
  refuseOverlay(name, view);
  const node = nodeIn(view, name, context);
  if (flags.out !== undefined) {
    const files = await readNodeFiles(node, flags.secrets === true, context);
    const shown = files.filter((each) => flags.secrets === true || !(each.kind === 'file' && each.isSecret === true));
    await writeNodeTree(flags.out, shown);
    const left = files.length - shown.length;
    if (left > 0) context.stderr(`note: ${left} secrets are left out\n`);
  }
  return renderTree(node);
}

function refuseOverlay(name: string, { overlays, nodes }: ClusterView): void {
  if (!overlays.has(name) || nodes.some((node) => node.name === name)) return;
  throw new UsageError(`${name} is an overlay, and what it becomes depends on the node`, {
    hint: `Name one: "pi-image overlay render ${name} --node ${nodes[0]?.name ?? 'NODE'}".`,
  });
}

const renderTree = ({ node, view, manifest }: NodeInView) =>
  renderTable<ExplainedFile>(explainOverlay(node, view, manifest), fileColumns);

async function renderAlone(
  name: string,
  file: string | undefined,
  nodeName: string,
  context: CliContext,
): Promise<string> {
  const view = await readView(context.paths());
  const source = findOverlay(name, view);
  const node = oneNode(nodeName, view);
  const manifest = manifestFor(node, view, context);
  // The same site, with this overlay as the only one of the node's role.
  const roles = { ...view.cluster.roles, [node.role]: { ...roleOf(node, view), overlays: [source.name] } };
  const alone: NodeInView = { node, view: { ...view, cluster: { ...view.cluster, roles } }, manifest };
  if (file === undefined) return renderTree(alone);
  const secret = source.spec.files[relativePath(file)]?.secret;
  if (secret !== undefined) {
    throw new HostError(`the content of ${relativePath(file)} is the secret ${secret}, which is not shown`);
  }
  const files = await readNodeFiles(alone, false, context);
  const found = findFile(files, file, `overlay ${name}`, node.name);
  if (found.kind === 'directory') throw new ConfigError(`${found.path} is a folder`);
  return textOf(found);
}
