/** pi-image node add: one node, or a row of them with addresses that count up. */
import { Option, type Command } from 'commander';

import { boardNames } from '../../model/board.ts';
import { checkShape } from '../../model/check-shape.ts';
import { UsageError } from '../../model/errors.ts';
import { ipv4FromNumber, ipv4ToNumber, parseIpv4 } from '../../model/ipv4.ts';
import type { Labels } from '../../model/labels.ts';
import { NodeSpec } from '../../model/node.ts';
import { expandHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import { withNodes } from '../node-client.ts';
import {
  explainFlag,
  given,
  parseLabel,
  parseList,
  parsePower,
  parseVariable,
  type Power,
  type Variables,
} from '../node-flags.ts';
import { optionsOf, showChanges, withChangeFlags, type ChangeFlags } from './node-change.ts';

interface AddFlags extends ChangeFlags {
  readonly role: string;
  readonly board: string;
  readonly address: string;
  readonly serial?: readonly string[];
  readonly mac?: readonly string[];
  readonly power?: Power;
  readonly var?: Variables;
  readonly label?: Labels;
}

export function registerAdd(parent: Command, context: CliContext): void {
  const add = parent
    .command('add')
    .summary('add nodes')
    .description(
      'Adds a node, or a row of them: then address and switch port are those of the first and count up, and serials ' +
        'and MAC addresses are given one for each, joined by commas. A board that is switched on already is named with ' +
        '"pi-image node adopt".',
    )
    .argument('<names>', 'a name, or node[03-06]')
    .requiredOption('--role <role>', 'of cluster.yaml')
    .addOption(new Option('--board <board>', 'its family').choices(boardNames).makeOptionMandatory())
    .requiredOption('--address <address>', 'of the first node')
    .option('--serial <serials>', 'as /proc/cpuinfo shows them', parseList)
    .option('--mac <macs>', 'MAC addresses', parseList)
    .option('--power <switch:port>', 'where the first one is plugged in', parsePower)
    .option('--var <name=value>', 'a variable of its own; may be repeated', parseVariable)
    .option('--label <name=value>', 'a label; may be repeated', parseLabel)
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node add node03 --role compute --board pi5 --address 10.42.0.13 --serial 9ffefdef\n' +
        '  pi-image node add node[04-05] --role compute --board pi4 --address 10.42.0.14 --mac dc:a6:32:00:00:04,dc:a6:32:00:00:05',
    )
    .action((names: string, flags: AddFlags) => addNodes(names, flags, context));
  withChangeFlags(add);
}

async function addNodes(names: string, flags: AddFlags, context: CliContext): Promise<void> {
  const nodes = newNodes(expandHostlist(names), flags);
  await withNodes(context, async (client) => {
    const add = async (node: NodeSpec, dryRun: boolean) => (await client.addNode(node, optionsOf({ dryRun }))).answer;
    const planned = [];
    for (const node of nodes) planned.push(await add(node, true));
    const answers = [];
    if (flags.dryRun !== true) for (const node of nodes) answers.push(await add(node, false));
    const shown = flags.dryRun === true ? planned : answers;
    showChanges(shown, { flags, context, client, nothing: 'nothing to add' });
  });
}

/** @throws UsageError when there are not as many serials or MAC addresses as names */
function newNodes(names: readonly string[], flags: AddFlags): NodeSpec[] {
  for (const [flag, list] of [
    ['--serial', flags.serial],
    ['--mac', flags.mac],
  ] as const) {
    if (list === undefined || list.length === names.length) continue;
    throw new UsageError(`${flag} names ${list.length}, but there are ${names.length} nodes`, {
      hint: 'Give one for each node, joined by commas.',
    });
  }
  const first = ipv4ToNumber(parseIpv4(flags.address));
  return names.map((name, index) => newNode(name, index, { flags, first }));
}

function newNode(name: string, index: number, { flags, first }: { flags: AddFlags; first: number }): NodeSpec {
  const { role, board, serial, mac, power, var: vars, label: labels } = flags;
  const address = ipv4FromNumber(first + index);
  const own = {
    serial: serial?.[index],
    mac: mac?.[index],
    power: power && { ...power, port: power.port + index },
    vars,
    labels,
  };
  const shaped = checkShape(NodeSpec, { name, board, address, role, ...given(own) });
  if (shaped.kind === 'valid') return shaped.value;
  throw new UsageError(`${name}: ${explainFlag(shaped.problems)}`, { hint: 'Give --serial or --mac, or both.' });
}
