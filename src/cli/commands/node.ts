/** pi-image node: the nodes there are, and what each one gets. */
import type { Command } from 'commander';

import { renderYaml } from '../../host/yaml-file.ts';
import { ConfigError } from '../../model/errors.ts';
import { parseMac } from '../../model/mac.ts';
import type { NodeSpec } from '../../model/node.ts';
import type { ClusterView } from '../../model/view.ts';
import { explainNode } from '../../plan/explain-node.ts';
import { compareNames } from '../../plan/hostlist.ts';
import { identify } from '../../plan/identify.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderExplanation, renderIdentity } from '../explanation.ts';
import { renderListing, renderValue, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readSources, readView } from '../view.ts';

export const registerNode: RegisterCommand = (program, context) => {
  const node = program.command('node').summary('the nodes, and what each one gets');
  registerList(node, context);
  registerShow(node, context);
  registerExplain(node, context);
  registerExport(node, context);
};

const listing: Listing<NodeSpec> = {
  columns: [
    { title: 'name', of: (node) => node.name },
    { title: 'role', of: (node) => node.role },
    { title: 'board', of: (node) => node.board },
    { title: 'address', of: (node) => node.address },
    { title: 'serial', of: (node) => node.serial },
    { title: 'mac', of: (node) => node.mac },
  ],
  name: (node) => node.name,
  empty: 'there are no nodes yet; write nodes.yaml and run "pi-image apply -f nodes.yaml"',
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list nodes')
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addHelpText('after', '\nExamples:\n  pi-image node list\n  pi-image node list node[01-08] @login -o name')
    .action(async (selectors: string[], options: { output: OutputFormat }) => {
      const { nodes } = await readView(context.paths());
      const chosen = selectors.length === 0 ? nodes : selectNodes(selectors, nodes);
      const sorted = chosen.toSorted((a, b) => compareNames(a.name, b.name));
      context.stdout(renderListing(sorted, options.output, listing));
    });
  withOutput(list);
}

function registerShow(parent: Command, context: CliContext): void {
  const show = parent
    .command('show')
    .summary('show what is known of nodes')
    .argument('<nodes...>', 'names, node[01-08], @role')
    .addHelpText('after', '\nExample:\n  pi-image node show node01')
    .action(async (selectors: string[], options: { output: 'yaml' | 'json' }) => {
      const { nodes } = await readView(context.paths());
      const chosen = selectNodes(selectors, nodes);
      context.stdout(renderValue(chosen.length === 1 ? chosen[0] : chosen, options.output));
    });
  withOutput(show, ['yaml', 'json']);
}

function registerExport(parent: Command, context: CliContext): void {
  parent
    .command('export')
    .summary('write all nodes as nodes.yaml')
    .description('Prints the nodes as they were applied, in the format that "pi-image apply -f" reads.')
    .addHelpText('after', '\nExample:\n  pi-image node export > nodes.yaml')
    .action(async () => {
      const { applied } = await readSources(context.paths());
      context.stdout(renderYaml(applied.map(withoutDefaults)));
    });
}

function withoutDefaults({ vars, ...node }: NodeSpec): object {
  return Object.keys(vars).length === 0 ? node : { ...node, vars };
}

function registerExplain(parent: Command, context: CliContext): void {
  const explain = parent
    .command('explain')
    .summary('show what the service answers a board, and why')
    .description(
      'Shows how the service recognises the board, and everything it would boot now: files over TFTP, the command line, ' +
        'the overlay with owners and modes, what is mounted. The token of the boot and secrets are never shown.',
    )
    .argument('<node>', "a node's name, or the MAC address of any board")
    .addHelpText('after', '\nExamples:\n  pi-image node explain node01\n  pi-image node explain 2c:cf:67:01:02:03')
    .action(async (who: string, options: { output: 'table' | 'json' | 'yaml' }) => {
      const { view, applied } = await readSources(context.paths());
      const node = findNode(who, view);
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

/** @returns undefined for a board that is no node */
function findNode(who: string, { nodes }: ClusterView): NodeSpec | undefined {
  if (!/[:-].*[:-].*[:-].*[:-].*[:-]/.test(who)) return selectNodes([who], nodes)[0];
  const identity = identify({ mac: parseMac(who) }, nodes);
  if (identity.kind === 'conflict') throw new ConfigError(identity.reason);
  return identity.kind === 'node' ? identity.node : undefined;
}

function explainUnknown(mac: string, { cluster, nodes }: ClusterView): string {
  const { first, last } = cluster.network.pool;
  const unseen = nodes.filter((node) => node.mac === undefined).map(({ name }) => name);
  return [
    `${mac} is the MAC address of no node: the board gets an address from ${first}-${last},`,
    'no boot files, and is listed by "pi-image status" until it stands in nodes.yaml.',
    ...(unseen.length === 0 ? [] : [`(${unseen.join(', ')} are known by serial only: it may be one of these.)`]),
    '',
  ].join('\n');
}
