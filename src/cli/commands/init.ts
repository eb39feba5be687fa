/** pi-image init: the first cluster.yaml, from what this machine has. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { readMachineNetwork } from '../../host/machine-network.ts';
import { ConfigError, HostError } from '../../model/errors.ts';
import { planFirstCluster, renderFirstCluster } from '../../plan/first-cluster.ts';
import type { RegisterCommand } from '../context.ts';

export const registerInit: RegisterCommand = (program, context) => {
  program
    .command('init')
    .summary('write a first cluster.yaml')
    .description(
      'Writes cluster.yaml with a comment on every line, from what this machine has: a wired interface that is not ' +
        'the way to the internet, its subnet, a pool in the upper part of it. An existing file is never overwritten.',
    )
    .option('--interface <name>', 'the interface that the boards are on')
    .option('--dry-run', 'print the file instead of writing it')
    .addHelpText('after', '\nExamples:\n  pi-image init --dry-run\n  pi-image init --interface eth1')
    .action(async (options: { interface?: string; dryRun?: boolean }) => {
      const file = context.paths().config;
      if (options.dryRun !== true && existsSync(file)) throw existsAlready(file);
      const first = planFirstCluster(await readMachineNetwork(context.signal), options.interface);
      const text = renderFirstCluster(first);
      if (options.dryRun === true) return context.stdout(text);
      await writeNew(file, text);
      context.stdout(
        `wrote ${file}: nodes boot on ${first.interface}, unknown boards wait in ${first.pool.first}-${first.pool.last}\n`,
      );
      for (const note of first.notes) context.stdout(`note: ${note}\n`);
      context.stdout(`Read it, then run "pi-image config check" and "pi-image build debian-lite".\n`);
    });
};

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw existsAlready(file);
    throw new HostError(`cannot write ${file}`, {
      cause: error,
      hint: 'Run it as root, or name a file of yours with --config.',
    });
  }
}

function existsAlready(file: string): ConfigError {
  return new ConfigError(`${file} exists already and is never overwritten`, {
    hint: 'See what init would write with "pi-image init --dry-run", or name another file with --config.',
  });
}
