/** chronyd as a child of ours: it gives time to the boot network and never touches this machine's own clock. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { HostError } from '../model/errors.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { endProcess, findProcess } from './pid-file.ts';
import { cannotStart } from './process.ts';

export interface ChronyOptions {
  readonly configFile: string;
  readonly config: string;
  /** As the configuration says it. */
  readonly pidFile: string;
  readonly signal: AbortSignal;
  /** It runs and has bound its port. */
  readonly ready: () => void;
}

const shownLines = 5;
const endGraceMs = 2000;

/** Resolves when `signal` has ended it. @throws HostError when it ends by itself. */
export async function runChrony({ configFile, config, pidFile, signal, ready }: ChronyOptions): Promise<void> {
  await mkdir(path.dirname(configFile), { recursive: true });
  await endOrphan(pidFile, configFile);
  await writeFileAtomically(configFile, config);
  // -x: no control of the system clock, which another service keeps; -d: stay in the foreground, log to stderr.
  const argv = ['-d', '-x', '-f', configFile, ...(await asWhom())];
  const child = spawn('chronyd', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line);
    if (lines.length > shownLines) lines.shift();
    if (line.includes('Disabled control of system clock')) ready();
  });
  const end = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  try {
    await once(child, 'close');
  } catch (error) {
    throw cannotStart('chronyd', error as NodeJS.ErrnoException);
  } finally {
    signal.removeEventListener('abort', end);
  }
  if (signal.aborted) return;
  const isTaken = lines.some((line) => line.includes('Could not open NTP socket'));
  throw new HostError(`chronyd ended\n${lines.join('\n')}`, {
    hint: isTaken
      ? 'Another program serves time here: stop it, or give its address as network.ntp in cluster.yaml.'
      : `Try "chronyd -d -x -f ${configFile}".`,
  });
}

/** CAP_SETGID and CAP_SETUID: capabilities(7). */
const userCapabilities = (1n << 6n) | (1n << 7n);

/** Root becomes chrony's own user where it may. Else chronyd has as little as we have, and stays what it is; -U: not root. */
async function asWhom(): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return ['-U'];
  return (await mayChangeUser()) ? [] : ['-u', 'root'];
}

async function mayChangeUser(): Promise<boolean> {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  return (BigInt(`0x${effective}`) & userCapabilities) === userCapabilities;
}

/** A child of a service that was killed goes on. Where it has given up root, it leaves its pid file behind in any case. */
async function endOrphan(pidFile: string, configFile: string): Promise<void> {
  const orphan = await findProcess(pidFile, configFile);
  if (orphan !== undefined) await endProcess(orphan, configFile, endGraceMs);
  await rm(pidFile, { force: true });
}
