#!/usr/bin/env node
/** Composition root: argv -> command -> exit code. The only place that reads argv, the environment and signals. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Command, CommanderError } from 'commander';

import { commands } from './commands.ts';
import type { CliContext, Paths } from './context.ts';
import { exitCode, exitCodeOf, explain } from './explain.ts';

/** src/ and dist/ have the same depth, so the shipped images/, overlays/ and boot/ are found from both. */
const shippedDir = fileURLToPath(new URL('../../', import.meta.url));

async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  const program = new Command('pi-image');
  program
    .description('Network boot and images for Raspberry Pi clusters.')
    .option(
      '--config <file>',
      'cluster.yaml; images, overlays and boot are looked for beside it first',
      '/etc/pi-image/cluster.yaml',
    )
    .option('--state <dir>', 'state directory: images, secrets, what the service knows', '/var/lib/pi-image')
    .option('--runtime <dir>', 'sockets and pid files', '/run/pi-image')
    .version(versionOf(shippedDir), '-V, --version')
    .showHelpAfterError('(add --help to see what it takes)')
    .exitOverride();
  // "pi-image node list | head" closes our stdout early: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stop.abort(new Error('nobody reads the output'));
  });
  const context: CliContext = {
    paths: () => pathsOf(program.opts()),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY,
    signal: stop.signal,
  };
  for (const register of commands) register(program, context);
  try {
    await program.parseAsync([...argv]);
    return exitCode.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    if (stop.signal.aborted && error === stop.signal.reason) {
      context.stderr(`pi-image: ${(error as Error).message}\n`);
      return exitCode.interrupted;
    }
    context.stderr(explain(error));
    return exitCodeOf(error);
  }
}

function versionOf(dir: string): string {
  const { version } = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function pathsOf(options: { config: string; state: string; runtime: string }): Paths {
  const config = path.resolve(options.config);
  return {
    config,
    dataDirs: [path.dirname(config), shippedDir],
    state: path.resolve(options.state),
    runtime: path.resolve(options.runtime),
  };
}

process.exitCode = await main(process.argv);
