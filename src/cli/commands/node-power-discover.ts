/** pi-image node power discover: which switch port feeds which node, as the switches see it. */
import type { Command } from 'commander';

import type { PowerMap } from '../../api/schemas/power.ts';
import { ConfigError } from '../../model/errors.ts';
import { compareNames, expandHostlist } from '../../plan/hostlist.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { CliContext } from '../context.ts';
import { withNodes, type NodeClient } from '../node-client.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { call } from '../typed-client.ts';
import { optionsOf } from './node-change.ts';

type Proposal = PowerMap['proposals'][number];
type Port = NonNullable<Proposal['before']>;

const nameOf = (power: Port | undefined) => power && `${power.switch}:${power.port}`;
const isNew = ({ before, ...proposal }: Proposal) =>
  proposal.kind === 'found' && nameOf(before) !== nameOf(proposal.power);

const listing: Listing<Proposal> = {
  columns: [
    { title: 'node', of: ({ node }) => node },
    { title: 'now', of: ({ before }) => nameOf(before) },
    { title: 'found', of: (row) => (row.kind === 'found' ? nameOf(row.power) : undefined) },
    { title: 'by', of: (row) => (row.kind === 'found' ? row.by : undefined) },
    { title: 'reason', of: (row) => (row.kind === 'open' ? row.reason : undefined) },
  ],
  name: ({ node }) => node,
  empty: 'there are no nodes yet; write nodes.yaml and run "pi-image apply -f nodes.yaml"',
};

interface DiscoverFlags {
  readonly write?: boolean;
  readonly output: OutputFormat;
}

export function registerDiscover(parent: Command, context: CliContext): void {
  const discover = parent
    .command('discover')
    .summary('ask the switches which port feeds which node')
    .description(
      'By the MAC addresses that a switch has learned behind its ports, and by LLDP. A port that leads to more than one ' +
        'board is nobody\'s. Changes nothing without --write; then "pi-image node export" has the ports in it.',
    )
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .option('--write', 'write down what was found')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node power discover\n  pi-image node power discover @compute --write',
    )
    .action((selectors: string[], flags: DiscoverFlags) =>
      withNodes(context, (client) => discoverPorts(selectors, flags, client, context)),
    );
  withOutput(discover);
}

async function discoverPorts(
  selectors: readonly string[],
  { write = false, output }: DiscoverFlags,
  client: NodeClient,
  context: CliContext,
): Promise<void> {
  const words = selectors.flatMap((selector) => expandHostlist(selector));
  const names =
    words.length === 0 ? undefined : new Set(selectNodes(words, await client.nodes()).map(({ name }) => name));
  const { proposals, failures } = await call(await context.service(), 'GET /power/map');
  const rows = proposals
    .filter(({ node }) => names?.has(node) !== false)
    .toSorted((one, other) => compareNames(one.node, other.node));
  context.stdout(renderListing(rows, output, listing));
  for (const failure of failures) context.stderr(`${failure}\n`);
  const found = rows.filter(isNew);
  if (write) await writePorts(found, client);
  if (output === 'table') context.stdout(`${ending(found.length, write)}\n`);
  if (failures.length > 0 && found.length === 0) throw new ConfigError('a switch did not tell what it has learned');
}

/** Two boards that have changed places: each port is free before it is given away. */
async function writePorts(found: readonly Proposal[], client: NodeClient): Promise<void> {
  for (const { node, before } of found) {
    if (before !== undefined) await client.patchNode(node, { power: null }, optionsOf({}));
  }
  for (const proposal of found) {
    if (proposal.kind === 'found') await client.patchNode(proposal.node, { power: proposal.power }, optionsOf({}));
  }
}

function ending(count: number, isWritten: boolean): string {
  if (count === 0) return 'nothing to change';
  const nodes = count === 1 ? '1 node has' : `${count} nodes have`;
  return isWritten ? `${nodes} another port now` : `${nodes} another port: add --write to write it down`;
}
