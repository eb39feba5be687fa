/** Who has which hardware address on a cable. */
import type { Ipv4Address } from './ipv4.ts';
import type { MacAddress } from './mac.ts';

export interface Neighbour {
  readonly device: string;
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
}
