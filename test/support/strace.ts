/** A program under strace(1): killed at one of its system calls, or with what it wrote and sent on record. */
import type { Argv } from '../../src/host/process.ts';

export interface KillPoint {
  readonly call: 'fsync' | 'pwrite64' | 'rename' | 'link' | 'unlink' | 'mkdir' | 'rmdir' | 'syncfs' | 'utimensat';
  /** Only calls on this file count; undefined: all. */
  readonly file: string | undefined;
  /** The how manyth: it is not carried out any more. */
  readonly count: number;
}

/**
 * With -D the program, and not strace, is the process that was started: its end and its signals are its own. strace counts
 * for each thread, so all of Node's files are written by one.
 */
const program: Argv = ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-D', '-f', '-qq'];

export function killedAt({ call, file, count }: KillPoint, argv: Argv): Argv {
  const only = file === undefined ? [] : ['-P', file];
  const kill = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${count}`];
  return [...program, ...only, ...kill, '-o', '/dev/null', ...argv];
}

/** Whatever writes, whatever makes that last, and whatever can carry an answer away. */
const recordedCalls = 'pwrite64,write,writev,rename,fsync,fdatasync,sendto,sendmsg,sendmmsg';

/** Longer than a page of the database with its head, and than an answer. */
const contentBytes = 5000;

/** Whole contents, as hexadecimal digits, and the file behind each descriptor: what `readTrace` takes. */
export function recordedTo(file: string, argv: Argv): Argv {
  const show = ['-yy', '-xx', '-s', String(contentBytes)];
  return [...program, ...show, '-e', `trace=${recordedCalls}`, '-o', file, ...argv];
}
