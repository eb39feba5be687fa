/** Do addresses, pools, subnets and ports of cluster.yaml fit together? */
import type { Cluster } from '../model/cluster.ts';
import { broadcastAddress, isHostInSubnet, isInRange, rangeSize, type Ipv4Range } from '../model/ipv4.ts';
import type { Problem } from '../model/problem.ts';
import { checkImageReference } from './check-cluster-roles.ts';
import type { KnownParts } from './known-parts.ts';
import { isHostOf, renderSubnet, servedSubnets, type ServedSubnet } from './subnets.ts';

export function checkNetwork(cluster: Cluster, known: KnownParts): Problem[] {
  const { hold } = cluster.network;
  return [
    ...checkAddress(cluster),
    ...servedSubnets(cluster.network).flatMap((subnet, index) => checkSubnet(subnet, index, cluster)),
    ...checkLease(cluster),
    ...checkPorts(cluster),
    ...(hold === undefined ? [] : checkImageReference(hold, ['network', 'hold'], known)),
  ];
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

/** `index` 0 is the storage node's own network, the others stand in network.subnets. */
function checkSubnet(subnet: ServedSubnet, index: number, { network }: Cluster): Problem[] {
  const path = index === 0 ? ['network'] : ['network', 'subnets', index - 1];
  return [
    ...checkOverlap(subnet, index, network),
    ...checkPool(subnet, [...path, 'pool'], network),
    ...checkGateway(subnet, [...path, 'gateway']),
  ];
}

function checkOverlap({ name, bounds }: ServedSubnet, index: number, network: Cluster['network']): Problem[] {
  const others = servedSubnets(network).slice(0, index);
  const other = others.findIndex((one) => one.bounds[0] <= bounds[1] && bounds[0] <= one.bounds[1]);
  if (other === -1) return [];
  const path = ['network', 'subnets', index - 1, 'subnet'];
  const message = `${name} and ${others[other]?.name ?? ''} overlap`;
  return [{ path, message, other: other === 0 ? ['network', 'address'] : ['network', 'subnets', other - 1, 'subnet'] }];
}

/** Each address may be remembered with a board: a pool is no place to number the world. */
const largestPool = 65_536;

function checkPool(subnet: ServedSubnet, path: Problem['path'], network: Cluster['network']): Problem[] {
  const { pool } = subnet;
  if (pool === undefined) return subnet.isHome ? checkNoPool(path, network) : [];
  const outside = [pool.first, pool.last].find((address) => !isHostOf(address, subnet));
  if (outside !== undefined) return [{ path, message: `${outside} is not a host address of ${subnet.name}` }];
  const own = network.address.address;
  if (isInRange(own, pool))
    return [{ path, message: `the pool holds ${own}, which is this storage node's own address` }];
  return checkPoolSize(pool, path);
}

function checkPoolSize(pool: Ipv4Range, path: Problem['path']): Problem[] {
  const size = rangeSize(pool);
  if (size <= largestPool) return [];
  const hint = 'It is for boards that are not nodes yet; make it as large as the number of those.';
  return [{ path, message: `the pool holds ${size} addresses, more than ${largestPool}`, hint }];
}

function checkNoPool(path: Problem['path'], { dhcp }: Cluster['network']): Problem[] {
  if (dhcp !== 'server') return [];
  const message = 'missing: a DHCP server needs addresses for boards that are not nodes yet';
  return [{ path, message, hint: 'Write first and last address, for example 10.42.0.200-10.42.0.239.' }];
}

const shortestLeaseMs = 60_000;

function checkLease({ network }: Cluster): Problem[] {
  if (network.lease >= shortestLeaseMs) return [];
  const message = 'a lease of less than a minute ends while its board still loads files';
  return [{ path: ['network', 'lease'], message, hint: 'Write a minute or more, for example 10m.' }];
}

function checkGateway(subnet: ServedSubnet, path: Problem['path']): Problem[] {
  const { gateway, pool } = subnet;
  if (gateway === undefined) return [];
  if (!isHostOf(gateway, subnet)) {
    const hint = subnet.isHome
      ? 'A gateway is a router on the boot network itself; leave it out when there is none.'
      : 'Write the address that the router has in this subnet.';
    return [{ path, message: `${gateway} is not a host address of ${subnet.name}`, hint }];
  }
  if (pool === undefined || !isInRange(gateway, pool)) return [];
  return [{ path, message: `${gateway} lies in the pool of unknown boards` }];
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
