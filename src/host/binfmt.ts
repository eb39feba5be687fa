/** Lets this machine run arm64 programs: natively on arm64, else through qemu-user. */
import { readFile, stat, writeFile } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import { run } from './process.ts';
import { isInUserNamespace } from './user-namespace.ts';

const registryFolder = '/proc/sys/fs/binfmt_misc';
const handlerFile = '/usr/lib/binfmt.d/qemu-aarch64.conf';

/**
 * Environment for emulated programs. Debian's arm64 uses pointer authentication, which qemu's default core computes in
 * software; a Pi 4's core has none, and shell scripts run ten times faster.
 */
export function emulation(): Readonly<Record<string, string | undefined>> {
  return process.arch === 'arm64' ? {} : { QEMU_CPU: 'cortex-a72' };
}

/** @returns what was changed on this machine, as a sentence; undefined when nothing had to be */
export async function ensureArm64Runs(signal: AbortSignal): Promise<string | undefined> {
  if (process.arch === 'arm64') return undefined;
  if (await runsArm64(signal)) return requireFixed();
  if (await isInUserNamespace()) {
    throw new HostError('this machine runs no arm64 programs yet, and only root can register qemu with its kernel', {
      hint: `Once, with sudo: ${howToRegister}`,
    });
  }
  const line = await readHandler();
  if (!(await exists(`${registryFolder}/register`))) {
    await run(['mount', '-t', 'binfmt_misc', 'binfmt_misc', registryFolder], { signal, hint: howToRegister });
  }
  if (!(await exists(`${registryFolder}/qemu-aarch64`))) await register(line);
  if (await runsArm64(signal))
    return 'registered qemu-aarch64 with this kernel (binfmt_misc), so that arm64 programs run';
  throw new HostError('this machine cannot run arm64 programs', { hint: howToRegister });
}

const howToRegister = 'Run "apt install qemu-user-static binfmt-support", or "systemctl restart systemd-binfmt".';

/** Without flag F the kernel looks for qemu inside of the image, where it is not. */
async function requireFixed(): Promise<undefined> {
  const entry = await readFile(`${registryFolder}/qemu-aarch64`, 'utf8').catch(() => '');
  const flags = /^flags: (.*)$/m.exec(entry)?.[1];
  if (flags === undefined || flags.includes('F')) return undefined;
  throw new HostError(`qemu-aarch64 is registered with this kernel without flag F (flags: ${flags})`, {
    hint: 'Run "apt install qemu-user-static" and "systemctl restart systemd-binfmt".',
  });
}

async function runsArm64(signal: AbortSignal): Promise<boolean> {
  try {
    await run(['arch-test', 'arm64'], { signal });
    return true;
  } catch (error) {
    if (error instanceof HostError && error.message.includes('is not installed')) throw error;
    signal.throwIfAborted();
    return false;
  }
}

async function readHandler(): Promise<string> {
  try {
    return await readFile(handlerFile, 'utf8');
  } catch (error) {
    throw new HostError('qemu-user-static is not installed', {
      cause: error,
      hint: 'Run "apt install qemu-user-static".',
    });
  }
}

async function register(line: string): Promise<void> {
  try {
    await writeFile(`${registryFolder}/register`, line);
  } catch (error) {
    throw new HostError('cannot register qemu-aarch64 with this kernel', { cause: error, hint: howToRegister });
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
