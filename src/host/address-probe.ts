/**
 * Is a machine at this address? The kernel asks by ARP as soon as something is sent there, and its table says who
 * answered: that finds also machines that do not answer a ping. Linux.
 */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Ipv4Address } from '../model/ipv4.ts';
import { run } from './process.ts';

export interface AddressProbeOptions {
  readonly device: string;
  /** How long a machine may take to answer. */
  readonly waitMs?: number;
  readonly signal: AbortSignal;
}

/** RFC 863; whoever is there drops it, or says that nothing listens. */
const discardPort = 9;

/** A machine on the same cable answers within a millisecond or two; Wi-Fi bridges and sleeping boards take longer. */
const usualWaitMs = 400;

/** @throws HostError when the kernel cannot be asked */
export async function probeAddress(
  address: Ipv4Address,
  { device, waitMs = usualWaitMs, signal }: AddressProbeOptions,
): Promise<'free' | 'taken'> {
  // What is known from before may be of a machine that is gone.
  if (await isThere(address, device)) await run(['ip', 'neigh', 'del', address, 'dev', device], { signal });
  await sendNothing(address);
  const untilMs = Date.now() + waitMs;
  for (let pauseMs = 20; Date.now() < untilMs; pauseMs *= 2) {
    await sleep(Math.min(pauseMs, Math.max(1, untilMs - Date.now())), undefined, { signal });
    if (await isThere(address, device)) return 'taken';
  }
  return 'free';
}

/** A route or a firewall that forbids it is no answer either. */
function sendNothing(address: Ipv4Address): Promise<void> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) });
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.send(new Uint8Array(), discardPort, address, () => socket.close(() => resolve()));
  });
}

/** ATF_COM of linux/if_arp.h: the entry has a hardware address. */
const complete = 0x2;

/** As in `10.42.0.7  0x1  0x2  dc:a6:32:00:00:01  *  eth0`. */
async function isThere(address: Ipv4Address, device: string): Promise<boolean> {
  const table = await readFile('/proc/net/arp', 'utf8');
  return table.split('\n').some((line) => {
    const [at, , flags, , , on] = line.split(/\s+/);
    return at === address && on === device && (Number(flags) & complete) !== 0;
  });
}
