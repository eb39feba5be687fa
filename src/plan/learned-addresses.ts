/** Where is each node, when another server gives the addresses? Where its newest boot was seen. */
import type { Boot } from '../model/boot.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import { withAddress } from '../model/node-address.ts';

/** Whether nodes are where nodes.yaml says. */
export function hasOwnAddresses({ network }: Pick<Cluster, 'network'>): boolean {
  return network.dhcp === 'server';
}

/**
 * Of two nodes that were seen at one address the later has it, and nothing is known of the other.
 * @param boots oldest first
 */
export function learnedAddresses(boots: readonly Boot[]): ReadonlyMap<string, Ipv4Address> {
  const found = new Map<string, Ipv4Address>();
  for (const { node, address } of holdingBoots(boots)) found.set(node, address as Ipv4Address);
  return found;
}

/** The newest boot of each node whose address no other node has taken since, newest first. */
export function holdingBoots(boots: readonly Boot[]): Boot[] {
  const seen = new Set<string>();
  const taken = new Set<string>();
  return boots.toReversed().filter(({ node, address }) => {
    const isHeld = !seen.has(node) && !taken.has(address);
    seen.add(node);
    taken.add(address);
    return isHeld;
  });
}

export function atLearnedAddresses(nodes: readonly NodeSpec[], learned: ReadonlyMap<string, Ipv4Address>): NodeSpec[] {
  return nodes.map((node) => {
    const address = learned.get(node.name);
    return address === undefined ? node : withAddress(node, address);
  });
}
