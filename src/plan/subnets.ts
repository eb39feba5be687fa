/** The networks whose boards are served: the storage node's own, and those behind relays. */
import type { Cluster } from '../model/cluster.ts';
import {
  broadcastAddress,
  ipv4ToNumber,
  netmask,
  networkAddress,
  type Ipv4Address,
  type Ipv4Interface,
  type Ipv4Range,
} from '../model/ipv4.ts';

export interface ServedSubnet {
  /** `10.42.0.0/24` */
  readonly name: string;
  readonly mask: Ipv4Address;
  readonly broadcast: Ipv4Address;
  readonly pool: Ipv4Range | undefined;
  readonly gateway: Ipv4Address | undefined;
  /** The storage node is in it: what comes from there comes without a relay. */
  readonly isHome: boolean;
  /** Its network and broadcast address, as numbers. */
  readonly bounds: readonly [number, number];
}

const known = new WeakMap<Cluster['network'], readonly ServedSubnet[]>();

/** The first one is the storage node's own. */
export function servedSubnets(network: Cluster['network']): readonly ServedSubnet[] {
  const found = known.get(network);
  if (found !== undefined) return found;
  const { address, pool, gateway } = network;
  const home = served(address, { pool, gateway, isHome: true });
  const relayed = network.subnets.map(({ subnet, ...rest }) =>
    served(subnet, { pool: rest.pool, gateway: rest.gateway, isHome: false }),
  );
  const made = [home, ...relayed];
  known.set(network, made);
  return made;
}

/** @returns undefined where the address is no host of a served network */
export function subnetOf(address: Ipv4Address, network: Cluster['network']): ServedSubnet | undefined {
  const value = ipv4ToNumber(address);
  return servedSubnets(network).find(({ bounds: [first, last] }) => value > first && value < last);
}

export function isHostOf(address: Ipv4Address, { bounds: [first, last] }: ServedSubnet): boolean {
  const value = ipv4ToNumber(address);
  return value > first && value < last;
}

/** `10.42.0.0/24`, as messages name a subnet. */
export function renderSubnet(subnet: Ipv4Interface): string {
  return `${networkAddress(subnet)}/${subnet.prefixLength}`;
}

function served(subnet: Ipv4Interface, more: Pick<ServedSubnet, 'pool' | 'gateway' | 'isHome'>): ServedSubnet {
  const [first, last] = [networkAddress(subnet), broadcastAddress(subnet)];
  return {
    name: renderSubnet(subnet),
    mask: netmask(subnet.prefixLength),
    broadcast: last,
    bounds: [ipv4ToNumber(first), ipv4ToNumber(last)],
    ...more,
  };
}
