/** The explanation of a node as people read it: from who it is to what lies on its root. */
import { boards } from '../model/board.ts';
import { renderBytes } from '../model/bytes.ts';
import { unreachable } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import { asWritten } from '../model/node-address.ts';
import type { ExplainedBootFile, ExplainedFile, NodeExplanation } from '../plan/explain-node.ts';
import { renderFacts, renderTable } from './output.ts';

export function renderExplanation(explanation: NodeExplanation): string {
  const { image, overlays, root, generation, boot, commandLine, bootFiles, overlay, mounts } = explanation;
  const facts = renderFacts([
    ['image', `${image.name} ${image.version}, kernel ${image.kernel}`],
    ['root', root],
    ['overlays', overlays.join(', ')],
    ['generation', generation],
  ]);
  return [
    facts,
    `\nover ${boot === 'signed' ? 'HTTP, signed' : 'TFTP'}\n${indent(renderTable(bootFiles, bootFileColumns))}`,
    `\ncommand line\n  ${commandLine}\n`,
    `\nover HTTP, laid over the root\n${indent(renderTable(overlay, fileColumns))}`,
    `\nover NFS\n${indent(renderTable(mounts, mountColumns))}`,
  ].join('');
}

/** Who the node is and how the service knows its board. */
export function renderIdentity(node: NodeSpec, isMacLearned: boolean): string {
  const learned = isMacLearned ? ' (learned from its serial)' : '';
  return renderFacts([
    ['node', node.name],
    ['role', node.role],
    ['board', `${node.board}, ${boards[node.board].title}`],
    ['address', asWritten(node).address],
    ['seen at', asWritten(node) === node ? undefined : node.address],
    ['serial', node.serial],
    ['mac', node.mac === undefined ? 'not seen yet' : `${node.mac}${learned}`],
    ['power', node.power && `${node.power.switch} port ${node.power.port}`],
    ...Object.entries(node.vars).map(([name, value]) => [`vars.${name}`, String(value)] as const),
  ]);
}

const bootFileColumns = [
  { title: 'file', of: (file: ExplainedBootFile) => file.name },
  {
    title: 'size',
    of: (file: ExplainedBootFile) => (file.sizeBytes !== undefined ? renderBytes(file.sizeBytes) : undefined),
  },
  { title: '', of: (file: ExplainedBootFile) => file.reason ?? ' ' },
];

export const fileColumns = [
  { title: 'mode', of: (file: ExplainedFile) => file.mode },
  { title: 'owner', of: (file: ExplainedFile) => file.owner },
  {
    title: 'size',
    of: (file: ExplainedFile) => (file.sizeBytes === undefined ? undefined : renderBytes(file.sizeBytes)),
  },
  { title: 'overlay', of: (file: ExplainedFile) => file.overlay },
  { title: 'kept', of: (file: ExplainedFile) => (file.isLive ? 'live' : 'frozen') },
  { title: 'path', of: describeFile },
];

function describeFile({ kind, path, target, secret }: ExplainedFile): string {
  switch (kind) {
    case 'link':
      return `/${path} -> ${target ?? ''}`;
    case 'remove':
      return `/${path} is removed`;
    case 'directory':
      return `/${path}/`;
    case 'file':
      return secret === undefined ? `/${path}` : `/${path} (secret ${secret})`;
    default:
      return unreachable(kind);
  }
}

const mountColumns = [
  { title: 'export', of: (mount: NodeExplanation['mounts'][number]) => mount.pseudo },
  { title: 'mounted on', of: (mount: NodeExplanation['mounts'][number]) => mount.mount },
  { title: 'access', of: (mount: NodeExplanation['mounts'][number]) => mount.access },
];

export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
