/** What the service of --server would have a node boot now: its generation, and the files of its overlay by numbers of users. */
import { unreachable } from '../../model/errors.ts';
import { hiddenToken, tokenSlot } from '../../model/generation.ts';
import type { NodeSpec } from '../../model/node.ts';
import type { ApiServer } from '../api-client.ts';
import type { CliContext } from '../context.ts';
import { indent, renderIdentity } from '../explanation.ts';
import type { Schemas } from '../generated/api.ts';
import { renderFacts, renderTable, renderValue } from '../output.ts';
import { call } from '../typed-client.ts';

type Plan = Schemas['Plan'];

export interface AskedThere {
  readonly server: ApiServer;
  readonly output: 'table' | 'json' | 'yaml';
  readonly context: CliContext;
}

/** @throws HostError that says why the node cannot boot, after what is known of it */
export async function explainThere(node: NodeSpec, { server, output, context }: AskedThere): Promise<void> {
  // The service shows no difference between a MAC address that was learned and one that was written.
  if (output === 'table') context.stdout(renderIdentity(node, false));
  const plan = await call(server, 'GET /nodes/{name}/plan', { path: { name: node.name } });
  context.stdout(output === 'table' ? renderPlan(plan) : renderValue(plan, output));
}

function renderPlan({ generation, overlay }: Plan): string {
  const { image, rootMode, id, boot = 'tftp', commandLine } = generation;
  const facts = renderFacts([
    ['image', `${image.name} ${image.version}`],
    ['root', rootMode],
    ['boot', boot],
    ['generation', id],
  ]);
  const hidden = commandLine.replace(tokenSlot, hiddenToken);
  return `${facts}\ncommand line\n  ${hidden}\n\nover HTTP, laid over the root\n${indent(renderTable(overlay, columns))}`;
}

type File = Plan['overlay'][number];

const columns = [
  { title: 'mode', of: (file: File) => ('mode' in file ? file.mode.toString(8).padStart(4, '0') : undefined) },
  { title: 'owner', of: (file: File) => ('uid' in file ? `${file.uid}:${file.gid}` : undefined) },
  { title: 'path', of: pathOf },
];

function pathOf(file: File): string {
  switch (file.kind) {
    case 'file':
      return `/${file.path}`;
    case 'directory':
      return `/${file.path}/`;
    case 'link':
      return `/${file.path} -> ${file.target}`;
    case 'remove':
      return `/${file.glob} is removed`;
    default:
      return unreachable(file);
  }
}
