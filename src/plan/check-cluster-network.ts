/** Do addresses, pool and ports of cluster.yaml fit together? */
import type { Cluster } from '../model/cluster.ts';
import { broadcastAddress, isHostInSubnet, isInRange, networkAddress, type Ipv4Interface } from '../model/ipv4.ts';
import type { Problem } from '../model/problem.ts';
import { checkImageReference } from './check-cluster-roles.ts';
import type { KnownParts } from './known-parts.ts';

export function checkNetwork(cluster: Cluster, known: KnownParts): Problem[] {
  const { hold } = cluster.network;
  return [
    ...checkAddress(cluster),
    ...checkPool(cluster),
    ...checkGateway(cluster),
    ...checkPorts(cluster),
    ...(hold === undefined ? [] : checkImageReference(hold, ['network', 'hold'], known)),
  ];
}

/** `10.42.0.0/24`, as messages name a subnet. */
export function renderSubnet(subnet: Ipv4Interface): string {
  return `${networkAddress(subnet)}/${subnet.prefixLength}`;
}

function checkAddress({ network }: Cluster): Problem[] {
  const { address } = network.address;
  if (isHostInSubnet(address, network.address)) return [];
  const kind = address === broadcastAddress(network.address) ? 'broadcast' : 'network';
  return [
    {
      path: ['network', 'address'],
      message: `${address} is the ${kind} address of ${renderSubnet(network.address)}`,
      hint: 'Write the address that this machine has on the boot network, for example 10.42.0.1/24.',
    },
  ];
}

function checkPool({ network }: Cluster): Problem[] {
  const path = ['network', 'pool'];
  const { pool, address: subnet } = network;
  const outside = [pool.first, pool.last].find((address) => !isHostInSubnet(address, subnet));
  if (outside !== undefined) {
    return [{ path, message: `${outside} is not a host address of ${renderSubnet(subnet)}` }];
  }
  if (isInRange(subnet.address, pool)) {
    return [{ path, message: `the pool holds ${subnet.address}, which is this storage node's own address` }];
  }
  return [];
}

function checkGateway({ network }: Cluster): Problem[] {
  const { gateway, address: subnet, pool } = network;
  const path = ['network', 'gateway'];
  if (gateway === undefined) return [];
  if (!isHostInSubnet(gateway, subnet)) {
    const hint = 'A gateway is a router on the boot network itself; leave it out when there is none.';
    return [{ path, message: `${gateway} is not a host address of ${renderSubnet(subnet)}`, hint }];
  }
  return isInRange(gateway, pool) ? [{ path, message: `${gateway} lies in the pool of unknown boards` }] : [];
}

/** UDP services among themselves, TCP services among themselves. */
const samePlane = [
  ['dhcp', 'dhcpClient'],
  ['dhcp', 'tftp'],
  ['dhcpClient', 'tftp'],
  ['http', 'nfs'],
  ['http', 'api'],
  ['nfs', 'api'],
] as const;

function checkPorts({ ports }: Cluster): Problem[] {
  return samePlane
    .filter(([one, other]) => ports[one] === ports[other])
    .map(([one, other]) => ({ path: ['ports', other], message: `port ${ports[other]} is taken by ${one} already` }));
}
