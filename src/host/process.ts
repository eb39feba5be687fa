/** Runs other programs: an argv array, never a shell string; killed when the signal aborts. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { HostError } from '../model/errors.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly cwd?: string;
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** Called with each line of stdout and stderr while the program runs. */
  readonly onLine?: (line: string) => void;
  /** Killed when we are, even by SIGKILL: what it still wrote would be in the way of the next start. */
  readonly endsWithUs?: true;
  /** Said when the program fails, instead of nothing. */
  readonly hint?: string;
}

export type Argv = readonly [program: string, ...args: string[]];

const stderrTailLines = 8;

/** Debian's package of a program whose name differs from it. */
const packageOf: Readonly<Record<string, string>> = {
  'qemu-system-aarch64': 'qemu-system-arm',
  'qemu-aarch64-static': 'qemu-user-static',
  'ganesha.nfsd': 'nfs-ganesha nfs-ganesha-vfs',
  exportfs: 'nfs-kernel-server',
  chronyd: 'chrony',
  'ssh-keygen': 'openssh-client',
  ssh: 'openssh-client',
  ip: 'iproute2',
  ss: 'iproute2',
  unshare: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  xz: 'xz-utils',
  mksquashfs: 'squashfs-tools',
  getfattr: 'attr',
  setfattr: 'attr',
  'mkfs.fat': 'dosfstools',
  mmd: 'mtools',
  mcopy: 'mtools',
  mke2fs: 'e2fsprogs',
};

/** Where administrators' programs live even when a user's PATH does not say so. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @returns stdout as text. @throws HostError with the end of stderr when the program fails. */
export async function run(argv: Argv, options: RunOptions): Promise<string> {
  options.signal.throwIfAborted();
  const [program, ...args] = options.endsWithUs === true ? boundToUs(argv) : argv;
  const child = spawn(program, args, {
    cwd: options.cwd,
    // oxlint-disable-next-line node/no-process-env -- children inherit the environment as every Unix program's do
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${systemPath}`, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGTERM',
  });
  const stdout: Buffer[] = [];
  const stderr: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  const { onLine } = options;
  if (onLine !== undefined) createInterface(child.stdout).on('line', onLine);
  createInterface(child.stderr).on('line', (line) => {
    stderr.push(line);
    if (stderr.length > stderrTailLines) stderr.shift();
    onLine?.(line);
  });
  // A program that ends before it has read all its input is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  await finished(child, argv, { ...options, stderr });
  return Buffer.concat(stdout).toString('utf8');
}

/** The kernel remembers it for the program, which takes the place of setpriv. */
const boundToUs = (argv: Argv): Argv => ['setpriv', '--pdeathsig', 'KILL', '--', ...argv];

/** For a person at the terminal: input and output are this process's. @returns the exit code */
export function runAttended(argv: Argv, { signal, env }: Pick<RunOptions, 'signal' | 'env'>): Promise<number> {
  signal.throwIfAborted();
  const [program, ...args] = argv;
  // oxlint-disable-next-line node/no-process-env -- children inherit the environment as every Unix program's do
  const merged = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${systemPath}`, ...env };
  const child = spawn(program, args, { env: merged, stdio: 'inherit', signal, killSignal: 'SIGTERM' });
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (!signal.aborted) reject(cannotStart(program, error));
    });
    child.on('close', (code) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(code ?? 1);
    });
  });
}

function finished(
  child: ReturnType<typeof spawn>,
  argv: Argv,
  options: RunOptions & { stderr: readonly string[] },
): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (options.signal.aborted) return;
      reject(cannotStart(argv[0], error));
    });
    child.on('close', (code, killedBy) => {
      if (options.signal.aborted) return reject(options.signal.reason as Error);
      if (code === 0) return resolve();
      const end = code === null ? `was killed by ${killedBy}` : `failed with exit code ${code}`;
      const tail = options.stderr.join('\n');
      reject(
        new HostError(`"${argv.join(' ')}" ${end}${tail === '' ? '' : `\n${tail}`}`, {
          ...(options.hint !== undefined && { hint: options.hint }),
        }),
      );
    });
  });
}

export function cannotStart(program: string, error: NodeJS.ErrnoException): HostError {
  if (error.code !== 'ENOENT') return new HostError(`cannot start ${program}`, { cause: error });
  return new HostError(`${program} is not installed`, {
    hint: `Run "apt install ${packageOf[program] ?? program}".`,
  });
}
