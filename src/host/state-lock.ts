/**
 * One writer per state directory, across processes. The lock is flock(2) on an open file: the kernel drops it when its
 * owner dies, so there is no stale lock to clean up. util-linux' flock(1) sets it on the file that it inherits from us.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';
import { cannotStart } from './process.ts';

export interface StateLock {
  readonly release: () => Promise<void>;
}

export interface LockOptions {
  /** Written into the file for the message that others get: `serve`, `apply`. */
  readonly purpose: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

const retryMs = 50;

/** @throws HostError that says who holds it when it is not free within `waitMs`. */
export async function lockState(stateDir: string, options: LockOptions): Promise<StateLock> {
  const file = path.join(stateDir, 'lock');
  const handle = await openLock(file);
  try {
    const deadline = Date.now() + options.waitMs;
    while (!(await tryLock(handle))) {
      if (Date.now() >= deadline) throw await lockHeld(file);
      await sleep(retryMs, undefined, { signal: options.signal });
    }
    await handle.truncate(0);
    await handle.write(`pi-image ${options.purpose}, process ${process.pid}\n`, 0);
    return { release: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openLock(file: string): Promise<FileHandle> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    return await open(file, 'a+', 0o644);
  } catch (error) {
    throw new HostError(`cannot open ${file}`, { cause: error, hint: 'Run pi-image as root, or give --state DIR.' });
  }
}

/** Children that are started later do not inherit the file (O_CLOEXEC), so the lock ends with this process. */
async function tryLock(handle: FileHandle): Promise<boolean> {
  const child = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', handle.fd] });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0;
  } catch (error) {
    throw cannotStart('flock', error as NodeJS.ErrnoException);
  }
}

async function lockHeld(file: string): Promise<HostError> {
  const holder = (await readFile(file, 'utf8')).trim() || 'another process';
  return new HostError(`${path.dirname(file)} is in use by ${holder}`, {
    hint: 'Wait until that command has ended, or stop it; give --runtime DIR when a service runs with another one.',
  });
}
