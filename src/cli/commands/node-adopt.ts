/** pi-image node adopt: a board that waits gets a name; or all that wait do, in the order in which they were switched on. */
import { Option, type Command } from 'commander';

import { boardNames, type BoardName } from '../../model/board.ts';
import { UsageError } from '../../model/errors.ts';
import { parseIpv4 } from '../../model/ipv4.ts';
import { parseMac } from '../../model/mac.ts';
import type { CliContext } from '../context.ts';
import { withNodes } from '../node-client.ts';
import { adoptInOrder, type PatternFlags } from './node-adopt-order.ts';
import { optionsOf, showChanges, withChangeFlags, type ChangeFlags } from './node-change.ts';

interface AdoptFlags extends ChangeFlags, Partial<PatternFlags> {
  readonly role: string;
  readonly address?: string;
  readonly board?: BoardName;
  readonly watch?: true;
}

export function registerAdopt(parent: Command, context: CliContext): void {
  const adopt = parent
    .command('adopt')
    .summary('make nodes of boards that wait for a name')
    .description(
      'Takes MAC address, serial and board family from what the board said: "pi-image node unknown" lists boards that wait. ' +
        'One in its hold boot starts again at once and boots its role; others boot as that node when they ask again. With ' +
        '--pattern all that wait get the names that are left, in the order in which they were switched on.',
    )
    .argument('[mac]', 'of the board')
    .argument('[name]', 'of the new node')
    .requiredOption('--role <role>', 'of cluster.yaml')
    .option('--address <address>', 'outside of the pool')
    .option('--pattern <names>', 'instead of a MAC and a name: names to give, as node[01-08]')
    .option('--first-address <address>', 'with --pattern: of its first name; the others follow')
    .option('-w, --watch', 'with --pattern: go on until all names are given, or until Ctrl-C')
    .addOption(new Option('--board <board>', 'when it has not said what it is').choices(boardNames))
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node adopt dc:a6:32:01:02:03 node09 --role compute --address 10.42.0.19\n' +
        '  pi-image node adopt --pattern node[01-08] --role compute --first-address 10.42.0.11 --dry-run\n' +
        '  pi-image node adopt --pattern node[01-08] --role compute --first-address 10.42.0.11 --watch',
    )
    .action((mac: string | undefined, name: string | undefined, flags: AdoptFlags) =>
      flags.pattern === undefined ? adoptOne(mac, name, flags, context) : adoptMany(mac, flags, context),
    );
  withChangeFlags(adopt);
}

async function adoptOne(
  mac: string | undefined,
  name: string | undefined,
  flags: AdoptFlags,
  context: CliContext,
): Promise<void> {
  const { role, board, address } = flags;
  if (mac === undefined || name === undefined || address === undefined) {
    throw new UsageError('a MAC address, a name and --address are needed', {
      hint: 'Or give --pattern and --first-address, and all boards that wait get names.',
    });
  }
  if (flags.watch === true || flags.firstAddress !== undefined) {
    throw new UsageError('--watch and --first-address go with --pattern');
  }
  const as = { name, role, address: parseIpv4(address), ...(board !== undefined && { board }) };
  await withNodes(context, async (client) => {
    const { answer } = await client.adopt(parseMac(mac), as, optionsOf(flags));
    showChanges([answer], { flags, context, client, nothing: 'nothing to change' });
  });
}

async function adoptMany(mac: string | undefined, flags: AdoptFlags, context: CliContext): Promise<void> {
  const { pattern, firstAddress, address } = flags;
  if (pattern === undefined || firstAddress === undefined) {
    throw new UsageError('--pattern needs --first-address', { hint: 'The address of its first name.' });
  }
  if (mac !== undefined || address !== undefined) {
    throw new UsageError('--pattern goes without a MAC address, a name and --address');
  }
  if (flags.watch === true && (flags.dryRun === true || flags.output !== 'table')) {
    throw new UsageError('--watch goes without --dry-run and -o');
  }
  await withNodes(context, (client) => adoptInOrder({ ...flags, pattern, firstAddress }, client, context));
}
