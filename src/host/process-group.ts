/** A program with all that it starts, as one group that is ended as a whole: also by a later process, which knows its number. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { cannotStart, type Argv } from './process.ts';
import { startTimeOf } from './start-time.ts';

export interface ProcessGroup {
  /** Of its leader, and of the group. */
  readonly pid: number;
  /** Its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
}

/** A process is known by its number and by when it began: numbers are given again. */
export interface Leader {
  readonly pid: number;
  readonly startTime: string;
}

/**
 * When we are killed its leader is told to end (SIGTERM), so that it leaves nothing half-made.
 * @param onLine each line of stdout and stderr
 * @throws HostError when it cannot be started
 */
export async function startGroup(argv: Argv, onLine: (line: string) => void): Promise<ProcessGroup> {
  // The program takes its place, and so has its number.
  const [program, ...args]: Argv = ['setpriv', '--pdeathsig', 'TERM', '--', ...argv];
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', onLine);
  const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw cannotStart(program, error as NodeJS.ErrnoException);
  }
  return { pid: child.pid ?? 0, ended };
}

export async function leaderOf(pid: number): Promise<Leader | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

const lookMs = 50;

/** Tells it to end, and kills what has not after a while. Does nothing to another process that has its number by now. */
export async function endGroup(leader: Leader, graceMs: number): Promise<void> {
  if (!(await isAlive(leader))) return;
  signalGroup(leader.pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < graceMs && (await isAlive(leader)); waitedMs += lookMs) await sleep(lookMs);
  // Also where the leader has ended: what it has started may not have.
  signalGroup(leader.pid, 'SIGKILL');
}

async function isAlive({ pid, startTime }: Leader): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // All of them have ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
