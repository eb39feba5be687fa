/** pi-image overlay: the overlays there are, and what they become on a node. */
import type { Command } from 'commander';

import { ConfigError, HostError } from '../../model/errors.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import { didYouMean } from '../../model/nearest.ts';
import type { NodeFile } from '../../model/node-file.ts';
import type { NodeSpec } from '../../model/node.ts';
import { secretsOf, type OverlaySource } from '../../model/overlay-source.ts';
import type { ClusterView } from '../../model/view.ts';
import { imageName } from '../../plan/check-cluster-roles.ts';
import { chooseImage } from '../../plan/choose-image.ts';
import { explainOverlay, type ExplainedFile } from '../../plan/explain-node.ts';
import { renderOverlays } from '../../plan/overlay.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import { standInManifest, standInSecrets } from '../../plan/stand-ins.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { fileColumns } from '../explanation.ts';
import { renderListing, renderTable, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readView } from '../view.ts';

export const registerOverlay: RegisterCommand = (program, context) => {
  const overlay = program.command('overlay').summary('small trees of files that make a node what it is');
  registerList(overlay, context);
  registerShow(overlay, context);
  registerRender(overlay, context);
};

interface OverlayRow {
  readonly name: string;
  readonly summary: string;
  readonly files: number;
  readonly roles: readonly string[];
}

const listing: Listing<OverlayRow> = {
  columns: [
    { title: 'name', of: (row) => row.name },
    { title: 'files', of: (row) => row.files },
    { title: 'roles', of: (row) => row.roles.join(',') },
    { title: 'summary', of: (row) => row.summary },
  ],
  name: (row) => row.name,
  empty: 'there are no overlays',
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list overlays')
    .addHelpText('after', '\nExample:\n  pi-image overlay list')
    .action(async (options: { output: OutputFormat }) => {
      const { overlays, cluster } = await readView(context.paths());
      const rows = [...overlays.values()].map(({ name, spec, files }): OverlayRow => {
        const roles = Object.entries(cluster.roles).filter(([, role]) => role.overlays.includes(name));
        return { name, summary: spec.summary, files: files.length, roles: roles.map(([role]) => role) };
      });
      context.stdout(renderListing(rows, options.output, listing));
    });
  withOutput(list);
}

function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show what an overlay needs and brings')
    .argument('<overlay>')
    .addHelpText('after', '\nExample:\n  pi-image overlay show slurm-node')
    .action(async (name: string, options: { output: 'yaml' | 'json' }) => {
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
      context.stdout(renderValue({ name, summary, needs, tree: files, ...spec }, options.output));
    });
  withOutput(show, ['yaml', 'json']);
}

function registerRender(parent: Command, context: CliContext): void {
  parent
    .command('render')
    .summary('show what an overlay becomes on a node')
    .description(
      'Without FILE: lists what the overlay puts on the node. With FILE: prints that file as the node gets it. Secrets ' +
        'are never shown. An image that is not built yet is no obstacle; owners are not checked then.',
    )
    .argument('<overlay>')
    .argument('[file]', 'path on the node, for example etc/hosts')
    .requiredOption('-n, --node <node>', 'the node to render for')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image overlay render base -n node01\n  pi-image overlay render base -n node01 etc/hosts',
    )
    .action(async (name: string, file: string | undefined, options: { node: string }) => {
      const view = await readView(context.paths());
      const source = findOverlay(name, view);
      const [node] = selectNodes([options.node], view.nodes);
      if (node === undefined) throw new ConfigError(`there is no node ${options.node}`);
      const alone = withOnly(source, node, view);
      const manifest = manifestFor(node, view, context);
      const text =
        file === undefined
          ? renderTree(node, alone, manifest)
          : renderFile(file, { source, node, view: alone, manifest });
      context.stdout(text);
    });
}

/** The same site, with this overlay as the only one of the node's role. */
function withOnly(source: OverlaySource, node: NodeSpec, view: ClusterView): ClusterView {
  const role = view.cluster.roles[node.role];
  if (role === undefined) throw new ConfigError(`${node.name} has the role ${node.role}, which does not exist`);
  const roles = { ...view.cluster.roles, [node.role]: { ...role, overlays: [source.name] } };
  return { ...view, cluster: { ...view.cluster, roles } };
}

function manifestFor(node: NodeSpec, view: ClusterView, context: CliContext): ImageManifest {
  const reference = view.cluster.roles[node.role]?.image ?? '';
  const name = imageName(reference);
  if (view.images.has(name)) return chooseImage(reference, view.images);
  context.stderr(`note: image ${name} is not built yet; owners are not checked\n`);
  return standInManifest(name, view);
}

function renderTree(node: NodeSpec, view: ClusterView, manifest: ImageManifest): string {
  return renderTable<ExplainedFile>(explainOverlay(node, view, manifest), fileColumns);
}

function renderFile(
  file: string,
  rendering: { source: OverlaySource; node: NodeSpec; view: ClusterView; manifest: ImageManifest },
): string {
  const { source, node, view, manifest } = rendering;
  const path = file.replace(/^\/+/, '');
  const secret = source.spec.files[path]?.secret;
  if (secret !== undefined) {
    throw new HostError(`the content of ${path} is the secret ${secret}, which is not shown`);
  }
  const { frozen, live } = renderOverlays({ node, view, manifest, secrets: standInSecrets(node, view) });
  const files = [...frozen, ...live].filter(
    (entry): entry is Extract<NodeFile, { kind: 'file' }> => entry.kind === 'file',
  );
  const found = files.find((entry) => entry.path === path);
  if (found !== undefined) return Buffer.from(found.bytes).toString('utf8');
  const known = files.map((entry) => entry.path);
  throw new ConfigError(`overlay ${source.name} brings no file ${path} to ${node.name}${didYouMean(path, known)}`, {
    hint: `Files are: ${known.join(', ') || 'none'}.`,
  });
}

function findOverlay(name: string, { overlays }: ClusterView): OverlaySource {
  const found = overlays.get(name);
  if (found !== undefined) return found;
  const known = [...overlays.keys()];
  throw new ConfigError(`there is no overlay ${name}${didYouMean(name, known)}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}
