/**
 * Runs a script as root with mounts and processes of its own, so that nothing of it outlives us: mounts vanish with
 * their namespace and processes with theirs, on Ctrl-C and on kill -9 alike.
 */
import { run, type RunOptions } from './process.ts';

export interface SandboxOptions extends RunOptions {
  /** Programs of the image get a network only when they ask for one. */
  readonly network: boolean;
}

/**
 * The shell dies of SIGTERM, which unshare --fork does not; its death kills unshare, and that the process tree inside.
 * `exit` keeps the shell from turning into unshare.
 */
const guarded = 'setpriv --pdeathsig KILL -- unshare "$@"; exit $?';

/** @param script for sh -eu @param args its $1, $2, … @returns what it writes to stdout */
export function runInSandbox(script: string, args: readonly string[], options: SandboxOptions): Promise<string> {
  const namespaces = ['--mount', '--propagation=private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  if (!options.network) namespaces.push('--net');
  return run(
    [
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
      'sh',
      '-c',
      guarded,
      'sh',
      ...namespaces,
      '--',
      'sh',
      '-euc',
      script,
      'sh',
      ...args,
    ],
    options,
  );
}
