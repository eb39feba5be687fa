/** How the machine is that serves: disks, clock, firewall, the delay of a bridge. Only looks; what is not there is undefined. */
import { constants } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';

import { isInstalled } from './installed.ts';
import { run } from './process.ts';

export interface DiskSpace {
  readonly path: string;
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** @param folder the nearest one that exists is asked */
export async function readDiskSpace(folder: string): Promise<DiskSpace> {
  const there = await nearestFolder(folder);
  const { bavail, bsize, blocks } = await statfs(there);
  return { path: folder, freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

async function nearestFolder(folder: string): Promise<string> {
  try {
    await access(folder, constants.F_OK);
    return folder;
  } catch {
    return folder === path.dirname(folder) ? folder : nearestFolder(path.dirname(folder));
  }
}

/** When a file was written last; 0 when it is not there. */
export async function writtenAtMs(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found?.mtimeMs ?? 0;
}

/** undefined where nobody can say: without systemd, or in a container. */
export async function isClockSynchronised(signal: AbortSignal): Promise<boolean | undefined> {
  const said = await ask(['timedatectl', 'show', '--property=NTPSynchronized', '--value'], signal);
  return said === undefined ? undefined : said.trim() === 'yes';
}

/** What the rules are now; undefined when there are none to be read. Needs root. */
export async function readFirewall(
  signal: AbortSignal,
): Promise<{ readonly kind: 'nft' | 'iptables'; readonly text: string } | undefined> {
  const nft = await ask(['nft', 'list', 'ruleset'], signal);
  if (nft !== undefined && nft.trim() !== '') return { kind: 'nft', text: nft };
  const iptables = await ask(['iptables-save'], signal);
  return iptables === undefined || iptables.trim() === '' ? undefined : { kind: 'iptables', text: iptables };
}

/** Seconds that each port of a bridge listens, and then learns; 0 for anything but a bridge. */
export async function readForwardDelay(device: string): Promise<number> {
  const text = await readFile(`/sys/class/net/${device}/bridge/forward_delay`, 'utf8').catch(() => '0');
  // In hundredths of a second.
  return Number(text.trim()) / 100;
}

export type Connection = { readonly answers: boolean; readonly detail: string };

/** Does somebody answer at this TCP port? */
export function tryConnect(address: string, port: number, timeoutMs: number): Promise<Connection> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const end = (answers: boolean, detail: string) => {
      socket.destroy();
      resolve({ answers, detail });
    };
    socket.once('connect', () => end(true, `${address}:${port} answers`));
    socket.once('timeout', () => end(false, `nothing came from ${address}:${port} within ${timeoutMs / 1000} s`));
    socket.once('error', (error) => end(false, error.message));
  });
}

async function ask(argv: readonly [string, ...string[]], signal: AbortSignal): Promise<string | undefined> {
  if (!(await isInstalled(argv[0]))) return undefined;
  return run(argv, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof Error) return undefined;
    throw error;
  });
}
