/** All commands as a tree to read: what is made from their help. Nothing in it can be run. */
import type { Command } from 'commander';

import { commands } from './commands.ts';
import type { CliContext } from './context.ts';
import { newProgram } from './program.ts';

function never(): never {
  throw new Error('this tree is only read');
}

/** @param shippedDir holds package.json */
export async function commandTree(shippedDir: string): Promise<Command> {
  const context: CliContext = {
    paths: never,
    service: never,
    stdout: never,
    stderr: never,
    terminal: never,
    isInteractive: false,
    signal: new AbortController().signal,
  };
  const program = newProgram({ ...context, shippedDir });
  const registers = await Promise.all([...commands.values()].map((load) => load()));
  for (const register of registers) register(program, context);
  return program;
}
