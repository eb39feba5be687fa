/** Commands are loaded by their names: each must be what it is loaded as. */
import { Command } from 'commander';
import { expect, test } from 'vitest';

import { commands } from '../../src/cli/commands.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { runHere } from '../support/command-line.ts';

const untouched = {} as CliContext;

test.each([...commands])('%s is registered under its name', async (name, load) => {
  const program = new Command('pi-image');
  (await load())(program, untouched);
  expect(program.commands.map((command) => command.name())).toEqual([name]);
});

test.each([
  ['after global options', ['--state', '/s', 'image', 'list', '--help'], 'pi-image image list'],
  ['where an option has the name of another', ['--state', 'node', 'image', 'list', '--help'], 'pi-image image list'],
  ['as a topic of help', ['help', 'image'], 'Usage: pi-image image'],
])('a command is found %s', async (_name, args, usage) => {
  const { code, out } = await runHere(args);
  expect(code).toBe(0);
  expect(out).toContain(usage);
});

test('--help lists all of them, in their order', async () => {
  const { out } = await runHere(['--help']);
  const listed = [...out.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
  expect(listed.filter((name) => name !== 'help')).toEqual([...commands.keys()]);
});
