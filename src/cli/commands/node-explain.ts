/** pi-image node explain: what the service answers a board, and why. */
import type { Command } from 'commander';

import { ConfigError } from '../../model/errors.ts';
import { parseMac } from '../../model/mac.ts';
import type { NodeSpec } from '../../model/node.ts';
import type { ClusterView } from '../../model/view.ts';
import { explainNode } from '../../plan/explain-node.ts';
import { identify } from '../../plan/identify.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { CliContext } from '../context.ts';
import { renderExplanation, renderIdentity } from '../explanation.ts';
import { renderValue, withOutput } from '../output.ts';
import { readNodes } from '../read-nodes.ts';
import { readSources } from '../view.ts';
import { explainThere, type AskedThere } from './node-explain-there.ts';

export function registerExplain(parent: Command, context: CliContext): void {
  const explain = parent
    .command('explain')
    .summary('show what the service answers a board, and why')
    .description(
      'Shows how the service recognises the board, and everything it would boot now: files over TFTP, the command line, ' +
        'the overlay with owners and modes, what is mounted. The token of the boot and secrets are never shown. With --server ' +
        'the service tells what its API does: no boot files, no mounts, users by number, and no files that are always current.',
    )
    .argument('<node>', "a node's name, or the MAC address of any board")
    .addHelpText('after', '\nExamples:\n  pi-image node explain node01\n  pi-image node explain 2c:cf:67:01:02:03')
    .action(async (who: string, options: { output: 'table' | 'json' | 'yaml' }) => {
      const server = await context.service();
      if (typeof server !== 'string') return askThere(who, { server, output: options.output, context });
      const { view, applied } = await readSources(context.paths());
      const node = findNode(who, view.nodes);
      if (node === undefined) return context.stdout(explainUnknown(who, view));
      const isLearned = node.mac !== undefined && applied.find(({ name }) => name === node.name)?.mac === undefined;
      if (options.output === 'table') context.stdout(renderIdentity(node, isLearned));
      const explanation = explainNode(node, view);
      const text =
        options.output === 'table' ? renderExplanation(explanation) : renderValue(explanation, options.output);
      context.stdout(text);
    });
  withOutput(explain, ['table', 'json', 'yaml']);
}

async function askThere(who: string, asked: AskedThere): Promise<void> {
  const node = findNode(who, await readNodes(asked.context));
  if (node !== undefined) return explainThere(node, asked);
  asked.context.stdout(`${who} is the MAC address of no node\n`);
}

/** @returns undefined for a board that is no node */
function findNode(who: string, nodes: readonly NodeSpec[]): NodeSpec | undefined {
  if (!/[:-].*[:-].*[:-].*[:-].*[:-]/.test(who)) return selectNodes([who], nodes)[0];
  const identity = identify({ mac: parseMac(who) }, nodes);
  if (identity.kind === 'conflict') throw new ConfigError(identity.reason);
  return identity.kind === 'node' ? identity.node : undefined;
}

function explainUnknown(mac: string, { cluster, nodes }: ClusterView): string {
  const { pool } = cluster.network;
  const gets =
    pool === undefined
      ? 'the board gets no address here,'
      : `the board gets an address from ${pool.first}-${pool.last},`;
  const unseen = nodes.filter((node) => node.mac === undefined).map(({ name }) => name);
  return [
    `${mac} is the MAC address of no node: ${gets}`,
    'no boot files, and is listed by "pi-image status" until it stands in nodes.yaml.',
    ...(unseen.length === 0 ? [] : [`(${unseen.join(', ')} are known by serial only: it may be one of these.)`]),
    '',
  ].join('\n');
}
