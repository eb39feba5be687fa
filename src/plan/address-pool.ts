/** Which address does a board get that is no node? Always the same one, and never one that somebody else has. */
import type { Cluster } from '../model/cluster.ts';
import { ipv4FromNumber, ipv4ToNumber, isHostInSubnet, isInRange, type Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { UnknownBoard } from '../model/state.ts';

export interface PoolSite {
  readonly network: Cluster['network'];
  readonly nodes: readonly NodeSpec[];
  readonly unknownBoards: readonly UnknownBoard[];
  /** Addresses at which a board met another machine: RFC 2131 §4.3.3. */
  readonly declined?: readonly Ipv4Address[];
}

export type PoolAddress =
  /** `isRecorded`: it has this address already. */
  | { readonly kind: 'address'; readonly address: Ipv4Address; readonly isRecorded: boolean }
  | { readonly kind: 'full'; readonly reason: string };

/** The address that the board has, else the lowest free one. */
export function poolAddress(mac: MacAddress, site: PoolSite): PoolAddress {
  const { pool } = site.network;
  const taken = takenAddresses(mac, site);
  const isFree = (address: Ipv4Address) => !taken.has(address) && isHostInSubnet(address, site.network.address);
  const own = site.unknownBoards.find((board) => board.mac === mac)?.address;
  if (own !== undefined && isInRange(own, pool) && isFree(own)) {
    return { kind: 'address', address: own, isRecorded: true };
  }
  const last = ipv4ToNumber(pool.last);
  for (let value = ipv4ToNumber(pool.first); value <= last; value++) {
    const address = ipv4FromNumber(value);
    if (isFree(address)) return { kind: 'address', address, isRecorded: false };
  }
  const size = last - ipv4ToNumber(pool.first) + 1;
  return {
    kind: 'full',
    reason: `all ${size} addresses of the pool ${pool.first}-${pool.last} are taken; make nodes of the unknown boards, or widen network.pool in cluster.yaml`,
  };
}

function takenAddresses(mac: MacAddress, { network, nodes, unknownBoards, declined }: PoolSite): Set<Ipv4Address> {
  const machines = [network.address.address, network.gateway, network.ntp, ...network.dns];
  return new Set([
    ...machines.filter((address) => address !== undefined),
    ...nodes.map((node) => node.address),
    ...unknownBoards.filter((board) => board.mac !== mac).map((board) => board.address),
    ...(declined ?? []),
  ]);
}
