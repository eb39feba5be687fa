/** The command line as it is installed: compiled, which starts three times as fast, and under strace four times. */
import path from 'node:path';

import { run, type Argv } from '../../src/host/process.ts';

const project = path.resolve(import.meta.dirname, '../..');
export const compiledProgram = path.join(project, 'dist/cli/main.js');

/** From the sources as they are now. Files that run side by side share dist/: one compiles, and the others wait for it. */
export async function compile(): Promise<void> {
  const make = ['make', '--silent', 'dist/.built'];
  await run(['flock', project, ...make], { cwd: project, signal: AbortSignal.timeout(120_000) });
}

/** @param dir of a ServeFixture: its cluster.yaml, state and socket */
export function compiledArgv(dir: string, ...args: readonly string[]): Argv {
  const at = (name: string) => path.join(dir, name);
  const paths = ['--config', at('etc/cluster.yaml'), '--state', at('state'), '--runtime', at('run')];
  return [process.execPath, compiledProgram, ...paths, ...args];
}
