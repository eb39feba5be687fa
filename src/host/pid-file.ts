/** Programs that outlive us: found again by pid file, and believed only when /proc shows the same command. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';

const pollMs = 50;

/** @param argument an argument of its command line that no other program has, such as its configuration file */
export async function findProcess(pidFile: string, argument: string): Promise<number | undefined> {
  const pid = Number((await readOptional(pidFile))?.trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return (await isAlive(pid, argument)) ? pid : undefined;
}

/** False for a zombie and for another program that was given the same pid. */
export async function isAlive(pid: number, argument: string): Promise<boolean> {
  const commandLine = await readOptional(`/proc/${pid}/cmdline`);
  return commandLine?.split('\0').includes(argument) === true;
}

/** SIGTERM, and SIGKILL when the program has not ended after `graceMs`. */
export async function endProcess(pid: number, argument: string, graceMs: number): Promise<void> {
  if (await signalAndWait(pid, argument, 'SIGTERM', graceMs)) return;
  if (await signalAndWait(pid, argument, 'SIGKILL', graceMs)) return;
  throw new HostError(`process ${pid} does not end`, { hint: `Look at it with "ps -fp ${pid}".` });
}

async function signalAndWait(pid: number, argument: string, signal: NodeJS.Signals, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  if (await isAlive(pid, argument)) sendSignal(pid, signal);
  while (await isAlive(pid, argument)) {
    if (Date.now() >= deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended in this moment: what the caller finds out next.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw new HostError(`cannot send ${signal} to process ${pid}`, { cause: error, hint: 'Run pi-image as root.' });
    }
  }
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw new HostError(`cannot read ${file}`, { cause: error, hint: 'Run pi-image as root.' });
  }
}
