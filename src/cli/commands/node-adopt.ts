/** pi-image node adopt: a board that waits gets a name. */
import { Option, type Command } from 'commander';

import { boardNames, type BoardName } from '../../model/board.ts';
import { parseIpv4 } from '../../model/ipv4.ts';
import { parseMac } from '../../model/mac.ts';
import type { CliContext } from '../context.ts';
import { withNodes } from '../node-client.ts';
import { optionsOf, showChanges, withChangeFlags, type ChangeFlags } from './node-change.ts';

interface AdoptFlags extends ChangeFlags {
  readonly role: string;
  readonly address: string;
  readonly board?: BoardName;
}

export function registerAdopt(parent: Command, context: CliContext): void {
  const adopt = parent
    .command('adopt')
    .summary('make a node of a board that waits for a name')
    .description(
      'Takes MAC address, serial and board family from what the board said when it asked for an address: "pi-image ' +
        'status" lists boards that wait. It boots as that node when it asks again.',
    )
    .argument('<mac>', 'of the board')
    .argument('<name>', 'of the new node')
    .requiredOption('--role <role>', 'of cluster.yaml')
    .requiredOption('--address <address>', 'outside of the pool')
    .addOption(new Option('--board <board>', 'when it has not said what it is').choices(boardNames))
    .addHelpText(
      'after',
      '\nExample:\n  pi-image node adopt dc:a6:32:01:02:03 node09 --role compute --address 10.42.0.19',
    )
    .action((mac: string, name: string, flags: AdoptFlags) => adoptNode(mac, name, flags, context));
  withChangeFlags(adopt);
}

async function adoptNode(mac: string, name: string, flags: AdoptFlags, context: CliContext): Promise<void> {
  const { role, board } = flags;
  const as = { name, role, address: parseIpv4(flags.address), ...(board !== undefined && { board }) };
  await withNodes(context, async (client) => {
    const { answer } = await client.adopt(parseMac(mac), as, optionsOf(flags));
    showChanges([answer], { flags, context, client, nothing: 'nothing to change' });
  });
}
