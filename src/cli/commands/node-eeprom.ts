/** pi-image node eeprom: the boot loaders in the flash of boards, and their updates, through the running service. */
import { readFile } from 'node:fs/promises';

import { InvalidArgumentError, type Command } from 'commander';

import type { Eeprom } from '../../api/schemas/eeprom.ts';
import { HostError } from '../../model/errors.ts';
import { compareNames, compressHostlist, expandHostlist } from '../../plan/hostlist.ts';
import { selectNodes } from '../../plan/select-nodes.ts';
import type { ApiServer } from '../api-client.ts';
import { askNodes } from '../ask-nodes.ts';
import type { CliContext } from '../context.ts';
import type { Schemas } from '../generated/api.ts';
import { renderListing, withOutput, type Listing } from '../output.ts';
import { call, dryRunQuery } from '../typed-client.ts';
import { withChangeFlags, type ChangeFlags } from './node-change.ts';

const listing: Listing<Eeprom> = {
  columns: [
    { title: 'node', of: ({ node }) => node },
    { title: 'board', of: ({ board }) => board },
    { title: 'boot loader', of: ({ date }) => date },
    { title: 'boot_order', of: ({ bootOrder }) => bootOrder },
    { title: 'desired', of: ({ desired }) => desired && dateOf(desired.image.builtAtSeconds) },
    { title: 'state', of: ({ state }) => state },
    { title: 'reason', of: ({ desired }) => desired?.reason },
  ],
  name: ({ node }) => node,
  empty: 'there are no nodes yet; write nodes.yaml and run "pi-image apply -f nodes.yaml"',
};

const dateOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

export function registerEeprom(parent: Command, context: CliContext): void {
  const eeprom = parent
    .command('eeprom')
    .enablePositionalOptions()
    .summary('show and update the boot loaders in the flash of boards')
    .description(
      'Shows what nodes have reported of their EEPROM, and what it is to be. A board takes an update by itself, at its ' +
        'next boot over TFTP, and resets.',
    )
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addHelpText('after', '\nExamples:\n  pi-image node eeprom\n  pi-image node eeprom @compute -o yaml')
    .action(async (selectors: string[], flags: ChangeFlags) => {
      const server = await context.service();
      await show(await chosen(server, selectors), flags, server, context);
    });
  withOutput(eeprom);
  registerSet(eeprom, context);
  registerContinue(eeprom, context);
  registerCancel(eeprom, context);
}

interface SetFlags extends ChangeFlags {
  readonly image: string;
  readonly config?: string;
  readonly keepConfig?: boolean;
  readonly canary: number;
}

function registerSet(parent: Command, context: CliContext): void {
  const set = parent
    .command('set')
    .summary('stage an update of EEPROMs, canary first')
    .description(
      'The first node gets it at its next boot. The others wait until that one is back with it and ready; one that does ' +
        'not come back stops them.',
    )
    .argument('<nodes...>', 'names, node[01-08], @role')
    .requiredOption('--image <file>', "pieeprom-….bin of Raspberry Pi's rpi-eeprom")
    .option('--config <file>', 'bootconf.txt to put into it')
    .option('--keep-config', 'put in what each node has now')
    .option('--canary <n>', 'so many nodes go first', parseCount, 1)
    .addHelpText(
      'after',
      '\nExample:\n  pi-image node eeprom set @compute --image pieeprom-2026-08-04.bin --keep-config\n  pi-image node reboot node01',
    )
    .action((selectors: string[], flags: SetFlags) => setEeproms(selectors, flags, context));
  withChangeFlags(set);
}

async function setEeproms(selectors: readonly string[], flags: SetFlags, context: CliContext): Promise<void> {
  const server = await context.service();
  const names = await chosen(server, selectors);
  const image = (await read(flags.image)).toString('base64');
  const config = flags.config === undefined ? undefined : (await read(flags.config)).toString('latin1');
  const canaries = names.slice(0, flags.canary);
  const wish = { image, keepConfig: flags.keepConfig === true, ...(config !== undefined && { config }) };
  const wishes = names.map((name, index) => {
    return { name, body: { ...wish, waitsFor: index < flags.canary ? [] : canaries } };
  });
  await put(wishes, flags, server);
  await show(names, flags, server, context);
  if (flags.output !== 'table') return;
  const next = `${compressHostlist(canaries)} gets it at the next boot: "pi-image node reboot ${compressHostlist(canaries)}"`;
  context.stdout(flags.dryRun === true ? 'dry run: nothing was changed\n' : `${next}\n`);
}

function registerContinue(parent: Command, context: CliContext): void {
  const go = parent
    .command('continue')
    .summary('stage an update for nodes that wait for a canary')
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addHelpText('after', '\nExample:\n  pi-image node eeprom continue node[02-04]')
    .action((selectors: string[], flags: ChangeFlags) =>
      changeSome(selectors, { waitsFor: [] }, ({ state }) => state === 'waiting', { flags, context }),
    );
  withChangeFlags(go);
}

function registerCancel(parent: Command, context: CliContext): void {
  const cancel = parent
    .command('cancel')
    .summary('take updates away that are staged')
    .description('A board that has its update already keeps it.')
    .argument('[nodes...]', 'only these: names, node[01-08], @role')
    .addHelpText('after', '\nExample:\n  pi-image node eeprom cancel')
    .action((selectors: string[], flags: ChangeFlags) =>
      changeSome(selectors, { image: null }, ({ desired }) => desired !== undefined, { flags, context }),
    );
  withChangeFlags(cancel);
}

async function changeSome(
  selectors: readonly string[],
  body: Schemas['EepromRequest'],
  isMeant: (eeprom: Eeprom) => boolean,
  { flags, context }: { readonly flags: ChangeFlags; readonly context: CliContext },
): Promise<void> {
  const server = await context.service();
  const names = new Set(await chosen(server, selectors));
  const meant = (await eeproms(server)).filter((each) => names.has(each.node) && isMeant(each));
  const wishes = meant.map(({ node: name }) => ({ name, body }));
  await put(wishes, flags, server);
  const changed = meant.map(({ node }) => node);
  if (changed.length === 0 && flags.output === 'table') return context.stdout('nothing to change\n');
  await show(changed, flags, server, context);
  if (flags.dryRun === true && flags.output === 'table') context.stdout('dry run: nothing was changed\n');
}

type Wish = { readonly name: string; readonly body: Schemas['EepromRequest'] };

/** All of them are found possible before the first is changed. */
async function put(wishes: readonly Wish[], { dryRun = false }: ChangeFlags, server: ApiServer): Promise<void> {
  for (const isDryRun of dryRun ? [true] : [true, false]) {
    for (const { name, body } of wishes) {
      await call(server, 'PUT /nodes/{name}/eeprom', { path: { name }, query: dryRunQuery(isDryRun), body });
    }
  }
}

const eeproms = (server: ApiServer) => call(server, 'GET /eeproms');

async function show(names: readonly string[], { output }: ChangeFlags, server: ApiServer, context: CliContext) {
  const wanted = new Set(names);
  const rows = (await eeproms(server)).filter(({ node }) => wanted.has(node));
  const sorted = rows.toSorted((one, other) => compareNames(one.node, other.node));
  context.stdout(renderListing(sorted, output, listing));
  const hints = new Set(sorted.flatMap(({ desired }) => desired?.hint ?? []));
  if (output === 'table') context.stdout([...hints].map((hint) => `  ${hint}\n`).join(''));
}

/** In the order of their names; all nodes unless some are named. */
async function chosen(server: ApiServer, selectors: readonly string[]): Promise<string[]> {
  const nodes = await askNodes(server);
  const words = selectors.flatMap((selector) => expandHostlist(selector));
  const found = words.length === 0 ? nodes : selectNodes(words, nodes);
  return found.map(({ name }) => name).toSorted(compareNames);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new HostError(`cannot read ${file}`, { cause: error });
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}
