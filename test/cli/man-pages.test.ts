/** Man pages say what --help says. */
import { Argument, Command, Option } from 'commander';
import { expect, test } from 'vitest';

import { manPages } from '../../src/cli/man-pages.ts';

function pagesOf(): Map<string, string> {
  const program = new Command('pi-image')
    .description('Network boot. For clusters.')
    .option('--state <dir>', 'where it lies', '/var/lib');
  const node = program.command('node').summary('look at nodes');
  node
    .command('list')
    .summary('list nodes')
    .description('Prints nodes. The list is sorted.')
    .addArgument(new Argument('[nodes...]', 'only these'))
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(['table', 'json']).default('table'))
    .addOption(new Option('--secret <x>', 'not told').hideHelp())
    .addHelpText('after', '\nExamples:\n  pi-image node list -o json\n  .dot \\n');
  node.command('show').summary('show one').argument('<node>', "it's name");
  return new Map(manPages(program, 'November 21, 2026').map(({ file, text }) => [file, text]));
}

test('there is one for the program and one for each command, with its verbs', () => {
  const pages = pagesOf();

  expect([...pages.keys()]).toEqual(['pi-image.1', 'pi-image-node.1']);
  expect(pages.get('pi-image.1')).toContain('.It Cm node\nlook at nodes\n');
  expect(pages.get('pi-image-node.1')).toContain('.Ss pi\\-image node list\nPrints nodes.\nThe list is sorted.\n');
  expect(pages.get('pi-image-node.1')).toContain('.Ss pi\\-image node show\nShow one.\n');
});

test('options have their values, choices and defaults; hidden ones are left out', () => {
  const page = pagesOf().get('pi-image-node.1') ?? '';

  expect(page).toContain('.It Fl o , Fl \\-output Ar format\nHow to show it.\nOne of: table, json.\nDefault: table.\n');
  expect(page).not.toContain('not told');
  expect(pagesOf().get('pi-image.1')).toContain('.It Fl \\-state Ar dir\nWhere it lies.\nDefault: /var/lib.\n');
});

test('what is typed stays as it is, and no line of it is a request', () => {
  const page = pagesOf().get('pi-image-node.1') ?? '';

  expect(page).toContain('.Bd -literal\nExamples:\n  pi\\-image node list \\-o json\n  .dot \\en\n.Ed\n');
});

test('the synopsis says which arguments must be there', () => {
  const page = pagesOf().get('pi-image-node.1') ?? '';

  expect(page).toContain('.Nm pi\\-image node list\n.Op Ar options\n.Op Ar nodes ...\n');
  expect(page).toContain('.Nm pi\\-image node show\n.Ar node\n');
});
