/**
 * Runs a script as root with mounts and processes of its own, so that nothing of it outlives us: mounts vanish with
 * their namespace and processes with theirs, on Ctrl-C and on kill -9 alike.
 */
import { HostError } from '../model/errors.ts';
import { run, runAttended, type Argv, type RunOptions } from './process.ts';

export interface SandboxOptions extends RunOptions {
  /** Programs of the image get a network only when they ask for one. */
  readonly network: boolean;
  /** Named when it fails: "configuring the packages of layer cluster". */
  readonly what: string;
}

const tailLines = 6;

/**
 * The shell dies of SIGTERM, which unshare --fork does not; its death kills unshare, and that the process tree inside.
 * `exit` keeps the shell from turning into unshare.
 */
const guarded = 'setpriv --pdeathsig KILL -- unshare "$@"; exit $?';

function sandboxArgv(script: string, args: readonly string[], network: boolean): Argv {
  const namespaces = ['--mount', '--propagation=private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  if (!network) namespaces.push('--net');
  const inside = ['sh', '-euc', script, 'sh', ...args];
  return ['setpriv', '--pdeathsig', 'KILL', '--', 'sh', '-c', guarded, 'sh', ...namespaces, '--', ...inside];
}

/** For a person at a terminal: input and output are ours. @returns the script's exit code */
export function attendInSandbox(
  script: string,
  args: readonly string[],
  options: Pick<SandboxOptions, 'network' | 'signal' | 'env'>,
): Promise<number> {
  return runAttended(sandboxArgv(script, args, options.network), options);
}

/** @param script for sh -eu @param args its $1, $2, … */
export async function runInSandbox(script: string, args: readonly string[], options: SandboxOptions): Promise<void> {
  const tail: string[] = [];
  const onLine = (line: string) => {
    if (tail.push(line) > tailLines) tail.shift();
    options.onLine?.(line);
  };
  try {
    await run(sandboxArgv(script, args, options.network), { ...options, onLine });
  } catch (error) {
    if (
      options.signal.aborted ||
      !(error instanceof HostError) ||
      error.hint?.startsWith('Run "apt install') === true
    ) {
      throw error;
    }
    const hint = options.hint === undefined ? {} : { hint: options.hint };
    throw new HostError(`${options.what} failed${tail.map((line) => `\n    ${line}`).join('')}`, hint);
  }
}
