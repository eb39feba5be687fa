/** Does the kernel remember the hardware addresses of as many boards as there may be? */
import type { Cluster } from '../model/cluster.ts';
import { rangeSize } from '../model/ipv4.ts';
import type { Problem } from '../model/problem.ts';
import { servedSubnets } from './subnets.ts';

/** For switches, gateways and whoever else is on the network. */
const others = 16;

/** Each on its own network; boards behind a relay are reached through its router. */
function neighboursOf({ network }: Cluster, nodes: number): number {
  const [home] = servedSubnets(network);
  return nodes + (home?.pool === undefined ? 0 : rangeSize(home.pool)) + others;
}

/**
 * Beyond gc_thresh3 new boards are dropped as "neighbour table overflow", which looks like a cable that comes and goes.
 *
 * @param limit gc_thresh3; undefined: the kernel does not say
 */
export function noteNeighbours(cluster: Cluster, nodes: number, limit: number | undefined): Problem[] {
  const wanted = neighboursOf(cluster, nodes);
  if (limit === undefined || wanted <= limit) return [];
  const rounded = 2 ** Math.ceil(Math.log2(wanted));
  const settings = [
    setting('gc_thresh1', rounded / 4),
    setting('gc_thresh2', rounded / 2),
    setting('gc_thresh3', rounded),
  ];
  return [
    {
      path: ['network'],
      message: `this machine's kernel remembers ${limit} neighbours, and nodes and pool may be ${wanted}`,
      hint: `Run "sysctl -w ${settings.join(' ')}", and write the same into /etc/sysctl.d/pi-image.conf.`,
    },
  ];
}

function setting(name: string, value: number): string {
  return `net.ipv4.neigh.default.${name}=${value}`;
}
