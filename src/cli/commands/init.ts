/** pi-image init: the first cluster.yaml, from what this machine has, and the file systems of what nodes mount. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Option } from 'commander';

import { requireRoot } from '../../build/check-machine.ts';
import { readCluster } from '../../host/config-files.ts';
import { readMachineNetwork } from '../../host/machine-network.ts';
import { ConfigError, HostError } from '../../model/errors.ts';
import { planFirstCluster, renderFirstCluster } from '../../plan/first-cluster.ts';
import { parseSize } from '../../plan/file-systems.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { makeFileSystems } from '../make-file-systems.ts';

interface InitFlags {
  readonly interface?: string;
  readonly dryRun?: boolean;
  readonly fileSystems?: boolean;
  readonly exportsSize?: number;
  readonly sharesSize?: number;
  readonly persistentSize?: number;
}

export const registerInit: RegisterCommand = (program, context) => {
  program
    .command('init')
    .summary('write a first cluster.yaml, and make the file systems of what nodes mount')
    .description(
      'Writes cluster.yaml with a comment on every line, from what this machine has: a wired interface that is not ' +
        'the way to the internet, its subnet, a pool in the upper part of it. An existing file is never overwritten. ' +
        'Then gives images and shares file systems of their own: an NFS handle reaches a whole one. Each is a file in the ' +
        'state directory, mounted by /etc/fstab; where a partition is mounted already, that is taken.',
    )
    .option('--interface <name>', 'the interface that the boards are on')
    .option('--dry-run', 'print the file instead of writing it')
    .option('--file-systems', 'only make the file systems, for the cluster.yaml that is there')
    .addOption(sizeOption('--exports-size <size>', 'of images: 16G; else 40 % of what is free, 64G at most'))
    .addOption(
      sizeOption(
        '--shares-size <size>',
        'of shares; else 20 % of what is free, 64G at most, and 5 % for each share of some roles',
      ),
    )
    .addOption(sizeOption('--persistent-size <size>', 'of nodes with "root: persistent"; else none is made'))
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image init --dry-run\n  pi-image init --interface eth1 --exports-size 32G\n  pi-image init --file-systems',
    )
    .action((flags: InitFlags) => init(flags, context));
};

function sizeOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseSize);
}

async function init(flags: InitFlags, context: CliContext): Promise<void> {
  const { config } = context.paths();
  if (flags.fileSystems === true) return makeAll(flags, context);
  if (flags.dryRun !== true && existsSync(config)) throw existsAlready(config);
  const first = planFirstCluster(await readMachineNetwork(context.signal), flags.interface);
  const text = renderFirstCluster(first);
  if (flags.dryRun === true) return context.stdout(text);
  await writeNew(config, text);
  context.stdout(
    `wrote ${config}: nodes boot on ${first.interface}, unknown boards wait in ${first.pool.first}-${first.pool.last}\n`,
  );
  for (const note of first.notes) context.stdout(`note: ${note}\n`);
  if (process.getuid?.() === 0) await makeAll(flags, context);
  else context.stdout('note: file systems are made by root: run "sudo pi-image init --file-systems".\n');
  context.stdout(`Read it, then run "pi-image config check" and "pi-image build debian-lite".\n`);
}

async function makeAll(flags: InitFlags, context: CliContext): Promise<void> {
  requireRoot('making file systems');
  const paths = context.paths();
  const { cluster } = await readCluster(paths.config);
  const sizes = { exports: flags.exportsSize, shares: flags.sharesSize, persistent: flags.persistentSize };
  await makeFileSystems(paths, cluster, { sizes, tell: context.stdout, signal: context.signal });
}

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
