/**
 * The kernel's table of hardware addresses (ARP). A Pi's boot loader stops answering ARP while it loads: an entry that
 * the kernel cannot confirm after some seconds would end the transfer.
 */
import { readFile } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import { run } from './process.ts';

export interface Neighbour {
  readonly device: string;
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
}

/** Known until it is dropped, whether the board answers ARP or not. @throws HostError, without CAP_NET_ADMIN for one */
export async function keepNeighbour({ device, address, mac }: Neighbour, signal: AbortSignal): Promise<void> {
  await run(['ip', 'neighbour', 'replace', address, 'lladdr', mac, 'nud', 'permanent', 'dev', device], { signal });
}

/**
 * From now on the kernel asks by ARP again; traffic that is under way goes on. An entry that is not there, or that
 * somebody made for another board since, is left alone. @throws HostError
 */
export async function dropNeighbour({ device, address, mac }: Neighbour, signal: AbortSignal): Promise<void> {
  const text = await run(['ip', 'neighbour', 'show', address, 'dev', device, 'nud', 'permanent'], { signal });
  if (!text.includes(` ${mac} `)) return;
  await run(['ip', 'neighbour', 'change', address, 'lladdr', mac, 'nud', 'stale', 'dev', device], { signal });
}

/**
 * How many neighbours the kernel remembers. A network namespace has no limit of its own.
 *
 * @returns undefined where the kernel does not say
 */
export async function readNeighbourLimit(): Promise<number | undefined> {
  try {
    return parseLimit(await readFile('/proc/sys/net/ipv4/neigh/default/gc_thresh3', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new HostError('cannot read how many neighbours the kernel remembers', { cause: error });
  }
}

function parseLimit(text: string): number | undefined {
  const limit = Number(text.trim());
  return Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
}
