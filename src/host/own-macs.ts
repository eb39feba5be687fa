/** The MAC addresses of this machine: what a switch has learned of it shows the way to it. */
import { networkInterfaces } from 'node:os';

import { parseMac, type MacAddress } from '../model/mac.ts';

export function readOwnMacs(): MacAddress[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const macs = all.filter(({ internal }) => !internal).map(({ mac }) => parseMac(mac));
  return [...new Set(macs)];
}
