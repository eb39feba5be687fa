/** pi-image setup: the programs that pi-image runs, installed from Debian. */
import { UsageError } from '../../model/errors.ts';
import type { RegisterCommand } from '../context.ts';
import { setUp } from '../setup.ts';
import { toolSetNames, type ToolSet } from '../setup-packages.ts';

export const registerSetup: RegisterCommand = (program, context) => {
  program
    .command('setup')
    .summary('install the programs that pi-image runs')
    .description('Installs from Debian what this machine lacks, says what and why, and starts none of it.')
    .argument('[parts...]', `${toolSetNames.join(', ')} (default: build and serve)`)
    .addHelpText('after', '\nExamples:\n  sudo pi-image setup\n  sudo pi-image setup build serve rack')
    .action(async (parts: string[]) => {
      const sets = (parts.length === 0 ? ['build', 'serve'] : parts).map((part) => parseToolSet(part));
      await setUp(sets, { tell: (line) => context.stdout(`${line}\n`), signal: context.signal });
    });
};

function parseToolSet(word: string): ToolSet {
  const found = toolSetNames.find((name) => name === word);
  if (found !== undefined) return found;
  throw new UsageError(`there is no part "${word}"; parts are: ${toolSetNames.join(', ')}`);
}
