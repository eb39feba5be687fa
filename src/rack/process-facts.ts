/** What /proc says about a process: enough to prove that a pid is still the same one, and what it has used. */
import { readFile } from 'node:fs/promises';

export interface ProcessFacts {
  /** Clock ticks after the machine's start: two processes with one pid never have the same. */
  readonly startTicks: number;
  /** Of itself and of its children that have ended. */
  readonly cpuSeconds: number;
  readonly isZombie: boolean;
}

/** USER_HZ is 100 on every Linux that Debian ships. */
const ticksPerSecond = 100;

export async function readProcess(pid: number | 'self'): Promise<ProcessFacts | undefined> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** proc_pid_stat(5). The second field is a name that may hold blanks and brackets, so fields are counted behind it. */
export function parseStat(text: string): ProcessFacts {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const cpuTicks = field(14) + field(15) + field(16) + field(17);
  return { startTicks: field(22), cpuSeconds: cpuTicks / ticksPerSecond, isZombie: fields[0] === 'Z' };
}

/** A machine that was restarted counts its ticks anew. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
