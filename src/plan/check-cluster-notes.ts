/** What a file says, rightly, and this version does not act on. Said aloud, so that nobody waits for it. */
import type { Cluster } from '../model/cluster.ts';
import type { Problem } from '../model/problem.ts';

/** Paths are those of cluster.yaml. */
export function noteUnused(cluster: Cluster): Problem[] {
  const notes: Problem[] = [];
  const note = (path: Problem['path'], message: string) => notes.push({ path, message });
  if (cluster.network.hold !== undefined && cluster.network.dhcp === 'off') {
    note(['network', 'hold'], 'with "dhcp: off" nothing is heard of unknown boards, so none is booted');
  }
  if (cluster.network.trust === 'requests' && cluster.network.dhcp !== 'off') {
    note(['network', 'trust'], 'only "dhcp: off" asks for it: DHCP shows which boards are being switched on');
  }
  if (cluster.network.dhcp !== 'server') {
    const pools = [cluster.network, ...cluster.network.subnets];
    if (pools.some(({ pool }) => pool !== undefined)) {
      note(['network', 'pool'], `with "dhcp: ${cluster.network.dhcp}" no addresses are given, so no pool is used`);
    }
  }
  return notes;
}
