/**
 * Lets a namespace's kernel hear what a board without an address hears: frames to its hardware address, whatever IP
 * address they are for. A DHCP server answers with such ones; a kernel drops them until the address is its own.
 */
import { writeFile } from 'node:fs/promises';

import { run } from '../host/process.ts';

/** Any number that nothing else in a board's namespace uses. */
const table = '67';

/** Only for what comes in by the interface; where things are sent to stays as it is. */
export async function hearAnyAddress(device: string, signal: AbortSignal): Promise<void> {
  // Else it answers ARP for every address, and boards beside it send their requests for files to it.
  await writeFile(`/proc/sys/net/ipv4/conf/${device}/arp_ignore`, '1');
  await run(['ip', 'route', 'replace', 'local', 'default', 'dev', 'lo', 'table', table], { signal });
  const known = await run(['ip', 'rule', 'show', 'iif', device, 'table', table], { signal });
  if (known.trim() === '') await run(['ip', 'rule', 'add', 'iif', device, 'table', table], { signal });
}
