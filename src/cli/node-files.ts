/** The files that a node gets when it boots now, for commands that show them. */
import path from 'node:path';

import { openSecrets } from '../host/secrets.ts';
import { bootKeySecret } from '../model/cluster.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { imageName } from '../plan/check-cluster-roles.ts';
import { chooseImage } from '../plan/choose-image.ts';
import { roleOf } from '../plan/overlay-variables.ts';
import { neededSecrets, renderOverlays } from '../plan/overlay.ts';
import { selectNodes } from '../plan/select-nodes.ts';
import { standInManifest, standInSecrets } from '../plan/stand-ins.ts';
import type { CliContext } from './context.ts';
import { readView } from './view.ts';

export interface NodeInView {
  readonly node: NodeSpec;
  readonly view: ClusterView;
  readonly manifest: ImageManifest;
}

/** @throws ConfigError when there is no such node */
export async function readNode(name: string, context: CliContext): Promise<NodeInView> {
  return nodeIn(await readView(context.paths()), name, context);
}

export function nodeIn(view: ClusterView, name: string, context: CliContext): NodeInView {
  const node = oneNode(name, view);
  return { node, view, manifest: manifestFor(node, view, context) };
}

export function oneNode(name: string, { nodes }: ClusterView): NodeSpec {
  const [node, another] = selectNodes([name], nodes);
  if (node !== undefined && another === undefined) return node;
  throw new ConfigError(`"${name}" does not name one node`);
}

/** One that is not built yet is no obstacle. */
export function manifestFor(node: NodeSpec, view: ClusterView, context: CliContext): ImageManifest {
  const reference = roleOf(node, view).image;
  const name = imageName(reference);
  if (view.images.has(name)) return chooseImage(reference, view.images);
  context.stderr(`note: image ${name} is not built yet; owners are not checked\n`);
  return standInManifest(name, view);
}

/** In the order of their paths. @param secrets with their content: only for root */
export async function readNodeFiles(of: NodeInView, secrets: boolean, context: CliContext): Promise<NodeFile[]> {
  const values = secrets ? await readSecrets(of, context) : standInSecrets(of.node, of.view);
  const { frozen, live } = renderOverlays({ ...of, secrets: values });
  return [...frozen, ...live].toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

const placeOf = (file: NodeFile) => (file.kind === 'remove' ? file.glob : file.path);

async function readSecrets({ node, view }: NodeInView, context: CliContext): Promise<SecretValues> {
  if (process.getuid?.() !== 0) {
    throw new HostError('only root may see secrets', { hint: 'Run this with sudo, or without --secrets.' });
  }
  const dir = path.join(context.paths().state, 'secrets');
  const secrets = await openSecrets(dir, { signal: context.signal });
  const values = await secrets.valuesFor(node, neededSecrets(node, view), view.cluster.secrets);
  return { [bootKeySecret]: Buffer.from('(another one in each boot)\n'), ...values };
}

export type PlacedFile = Exclude<NodeFile, { kind: 'remove' }>;

/** @throws ConfigError that names the nearest */
export function findFile(files: readonly NodeFile[], wanted: string, who: string, node: string): PlacedFile {
  const place = relativePath(wanted);
  const placed = files.filter((file) => file.kind !== 'remove');
  const found = placed.find((file) => file.path === place);
  if (found !== undefined) return found;
  const known = placed.map((file) => file.path);
  throw new ConfigError(`${who} brings no file ${place} to ${node}${didYouMean(place, known)}`, {
    hint: `Files are: ${known.join(', ') || 'none'}.`,
  });
}

/** Both spellings are understood: `/etc/hosts`, `etc/hosts`. */
export const relativePath = (file: string) => file.replace(/^\/+/, '');

/** @throws ConfigError for what no terminal should be sent */
export function textOf(file: PlacedFile): string {
  if (file.kind === 'link') return `-> ${file.target}\n`;
  if (file.kind === 'directory') throw new ConfigError(`${file.path} is a folder`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch {
    throw new ConfigError(`${file.path} is no text`, {
      hint: 'Write it to a folder: "pi-image overlay render NODE --out DIR".',
    });
  }
}
