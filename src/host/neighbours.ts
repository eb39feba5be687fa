/**
 * The kernel's table of hardware addresses (ARP). A Pi's boot loader stops answering ARP while it loads: an entry that
 * the kernel cannot confirm after half a minute would end the transfer. Permanent entries are not asked for again.
 */
import { readFile } from 'node:fs/promises';

import { HostError } from '../model/errors.ts';
import { parseIpv4 } from '../model/ipv4.ts';
import { parseMac } from '../model/mac.ts';
import type { Neighbour } from '../model/neighbour.ts';
import { run } from './process.ts';

/** Known until they are let go, whether they answer ARP or not. @throws HostError, without CAP_NET_ADMIN for one */
export async function keepNeighbours(neighbours: readonly Neighbour[], signal: AbortSignal): Promise<void> {
  await batch(neighbours, 'permanent', signal);
}

/** From now on the kernel asks by ARP again; what is under way goes on. @throws HostError */
export async function letNeighboursGo(neighbours: readonly Neighbour[], signal: AbortSignal): Promise<void> {
  await batch(neighbours, 'stale', signal);
}

/** One program for all of them: a rack is switched on at once. */
async function batch(
  neighbours: readonly Neighbour[],
  state: 'permanent' | 'stale',
  signal: AbortSignal,
): Promise<void> {
  if (neighbours.length === 0) return;
  const lines = neighbours.map(
    ({ device, address, mac }) => `neighbour replace ${address} lladdr ${mac} nud ${state} dev ${device}\n`,
  );
  await run(['ip', '-force', '-batch', '-'], { signal, input: lines.join('') });
}

interface NeighbourEntry {
  readonly dst?: string;
  readonly lladdr?: string;
}

/** The permanent entries of a device, whoever made them. @throws HostError */
export async function readKeptNeighbours(device: string, signal: AbortSignal): Promise<Neighbour[]> {
  const text = await run(['ip', '-4', '-json', 'neighbour', 'show', 'nud', 'permanent', 'dev', device], { signal });
  const entries = text.trim() === '' ? [] : (JSON.parse(text) as NeighbourEntry[]);
  return entries.flatMap(({ dst, lladdr }) =>
    dst === undefined || lladdr === undefined ? [] : [{ device, address: parseIpv4(dst), mac: parseMac(lladdr) }],
  );
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
