/** Is cluster.yaml right beyond its shape? Compares its parts with each other and with the overlays and images there are. */
import type { Cluster } from '../model/cluster.ts';
import type { Problem } from '../model/problem.ts';
import { checkNetwork } from './check-cluster-network.ts';
import { checkRoles, checkSlurm } from './check-cluster-roles.ts';
import { checkShares } from './check-cluster-shares.ts';
import { checkSwitches } from './check-cluster-switches.ts';
import { checkWebhooks } from './check-cluster-webhooks.ts';
import type { KnownParts } from './known-parts.ts';

/** Paths of the problems are those of cluster.yaml. */
export function checkCluster(cluster: Cluster, known: KnownParts): Problem[] {
  return [
    ...checkNetwork(cluster, known),
    ...checkRoles(cluster, known),
    ...checkShares(cluster),
    ...checkSlurm(cluster),
    ...checkSwitches(cluster),
    ...checkWebhooks(cluster),
  ];
}
