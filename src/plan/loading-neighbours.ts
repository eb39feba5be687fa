/** Which boards must the kernel know without asking? Those whose boot loader works: it may stop answering ARP. */
import type { Boot } from '../model/boot.ts';
import type { Cluster } from '../model/cluster.ts';
import { isHostInSubnet, parseIpv4 } from '../model/ipv4.ts';
import { parseMac } from '../model/mac.ts';
import type { Neighbour } from '../model/neighbour.ts';

const loaderPhases: ReadonlySet<string> = new Set(['offered', 'loading', 'failed']);

/** A board on a bad line may load on after its boot was given up as late; one that does not is forgotten by then. */
const latestMs = 20 * 60_000;

/**
 * Each address once: with the board of its newest boot. Only hardware addresses that DHCP has seen: one that the owner wrote
 * down may be wrong, and pinning it would cut the board off. Boards behind a relay are reached through a router.
 */
export function loadingNeighbours(boots: readonly Boot[], network: Cluster['network'], nowMs: number): Neighbour[] {
  const found = new Map<string, Neighbour>();
  for (const boot of boots) {
    const wasSeen = boot.phases[0]?.phase === 'offered';
    const isLate = boot.closed?.reason === 'failed' && nowMs - boot.startedAtMs < latestMs;
    const isLoading = boot.phases.every(({ phase }) => loaderPhases.has(phase));
    const address = parseIpv4(boot.address);
    if (!wasSeen || !isLoading || (boot.closed !== undefined && !isLate) || !isHostInSubnet(address, network.address))
      continue;
    found.set(address, { device: network.interface, address, mac: parseMac(boot.mac) });
  }
  return [...found.values()];
}

export interface NeighbourChange {
  readonly keep: readonly Neighbour[];
  readonly letGo: readonly Neighbour[];
}

export function changeNeighbours(kept: readonly Neighbour[], wanted: readonly Neighbour[]): NeighbourChange {
  const before = new Map(kept.map(({ address, mac }) => [address, mac]));
  const after = new Set(wanted.map(({ address }) => address));
  return {
    keep: wanted.filter(({ address, mac }) => before.get(address) !== mac),
    letGo: kept.filter(({ address }) => !after.has(address)),
  };
}
