/** This very program as another process would start it. */
import type { Argv } from '../host/process.ts';
import type { Paths } from './context.ts';

/** From dist/ and from the sources alike: node's own options (a loader) are kept. */
export function selfArgv(...args: readonly string[]): Argv {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...args];
}

export function selfWithPaths(paths: Pick<Paths, 'config' | 'state' | 'runtime'>, ...args: readonly string[]): Argv {
  return selfArgv('--config', paths.config, '--state', paths.state, '--runtime', paths.runtime, ...args);
}
