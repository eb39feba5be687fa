/**
 * One writer per state directory, across processes. The lock is flock(2) on an open file: the kernel drops it when its
 * owner dies, so there is no stale lock to clean up. util-linux' flock(1) sets it on the file that it inherits from us.
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

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

/** @throws HostError that says who holds it when it is not free within `waitMs`. */
export async function lockState(stateDir: string, options: LockOptions): Promise<StateLock> {
  const file = path.join(stateDir, 'lock');
  const handle = await openLock(file);
  try {
    if (!(await takeLock(handle, options))) throw await lockHeld(file);
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

/**
 * Waits in the kernel, which gives it to one after the other: many that ask again and again keep the owner from its work.
 * Children that are started later do not inherit the file (O_CLOEXEC), so the lock ends with this process.
 */
async function takeLock(handle: FileHandle, { waitMs, signal }: LockOptions): Promise<boolean> {
  signal.throwIfAborted();
  const child = spawn('flock', ['--timeout', String(waitMs / 1000), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
    signal,
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      // One that is stopped has the lock's file open until it has ended.
      if (!signal.aborted) reject(cannotStart('flock', error));
    });
    child.on('close', (code) => (signal.aborted ? reject(signal.reason as Error) : resolve(code === 0)));
  });
}

async function lockHeld(file: string): Promise<HostError> {
  const holder = (await readFile(file, 'utf8')).trim() || 'another process';
  return new HostError(`${path.dirname(file)} is in use by ${holder}`, {
    hint: 'Wait until that command has ended, or stop it; give --runtime DIR when a service runs with another one.',
  });
}
