/** One run of the command line: arguments -> command -> exit code. Reads nothing of the process. */
import path from 'node:path';

import { Command, CommanderError } from 'commander';

import { keepHeapSmall } from '../host/heap.ts';
import { UsageError } from '../model/errors.ts';
import { apiServer } from './api-client.ts';
import { commands } from './commands.ts';
import { systemState, type CliContext, type Paths, type RegisterCommand } from './context.ts';
import { exitCode, exitCodeOf, explain } from './explain.ts';
import { versionOf } from './version.ts';

export interface ProgramOptions extends Omit<CliContext, 'paths' | 'service'> {
  /** Holds package.json, and the images/, overlays/ and boot/ that ship. */
  readonly shippedDir: string;
}

/** @param args without the names of node and of the script */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<number> {
  const program = newProgram(options);
  const context: CliContext = {
    ...options,
    paths: () => pathsOf(program.opts(), options.shippedDir),
    service: () => apiServer(program.opts()),
  };
  try {
    for (const register of await loadCommands(args, program)) register(program, context);
    await program.parseAsync([...args], { from: 'user' });
    return exitCode.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    if (options.signal.aborted && error === options.signal.reason) {
      options.stderr(`pi-image: ${(error as Error).message}\n`);
      return exitCode.interrupted;
    }
    options.stderr(explain(error));
    return exitCodeOf(error);
  }
}

/** The one that is asked for; all of them where the answer is about all, as in --help. */
function loadCommands(args: readonly string[], program: Command): Promise<RegisterCommand[]> {
  const [name = '', verb] = program.parseOptions([...args]).operands;
  const asked = name === 'completion' ? undefined : commands.get(name);
  // Loading its modules is what makes the heap of a service large.
  if (name === 'serve') keepHeapSmall();
  return Promise.all(asked === undefined ? [...commands.values()].map((load) => load()) : [asked(verb)]);
}

export function newProgram({ shippedDir, stdout, stderr }: ProgramOptions): Command {
  return new Command('pi-image')
    .description('Network boot and images for Raspberry Pi clusters.')
    .option(
      '--config <file>',
      'cluster.yaml; images, overlays and boot are looked for beside it first',
      '/etc/pi-image/cluster.yaml',
    )
    .option('--state <dir>', 'state directory: images, secrets, what the service knows', systemState)
    .option('--runtime <dir>', 'sockets and pid files', '/run/pi-image')
    .option('--server <url>', 'ask this service, not the one of this machine')
    .option('--token-file <file>', 'holds the API token for --server')
    .option('--ca-file <file>', 'certificates of who may have signed that of --server')
    .option('--fingerprint <fingerprint>', 'of the key of --server, as "pi-image api" shows it')
    .version(versionOf(shippedDir), '-V, --version')
    .configureOutput({ writeOut: stdout, writeErr: stderr })
    .showHelpAfterError('(add --help to see what it takes)')
    .exitOverride();
}

interface GlobalOptions {
  readonly config: string;
  readonly state: string;
  readonly runtime: string;
  readonly server?: string;
}

function pathsOf(options: GlobalOptions, shippedDir: string): Paths {
  if (options.server !== undefined) {
    throw new UsageError('this command works on the files of this machine: it does not take --server', {
      hint: 'Run it on the storage node.',
    });
  }
  const config = path.resolve(options.config);
  return {
    config,
    dataDirs: [path.dirname(config), shippedDir],
    state: path.resolve(options.state),
    runtime: path.resolve(options.runtime),
  };
}
