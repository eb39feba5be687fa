/** Slurm's tools on the node that has the controller, by ssh with the storage node's key. */
import { partitionControl, type PartitionControl } from '../fleet/munge-slurm.ts';
import { clusterSlurm, type ClusterSlurm, type SlurmController } from '../fleet/slurm.ts';
import type { Secrets } from '../host/secrets.ts';
import { runOnNode } from '../host/ssh.ts';
import type { ClusterView } from '../model/view.ts';

/** Its commands end in less than a second; a controller that is busy may take longer. */
const slurmDeadlineMs = 20_000;

export function openSlurm(view: () => ClusterView, secrets: Pick<Secrets, 'storageKey'>): ClusterSlurm {
  return clusterSlurm(controllerBySsh(view, secrets));
}

export function openPartitions(view: () => ClusterView, secrets: Pick<Secrets, 'storageKey'>): PartitionControl {
  return partitionControl(controllerBySsh(view, secrets));
}

function controllerBySsh(view: () => ClusterView, secrets: Pick<Secrets, 'storageKey'>): SlurmController {
  return {
    address: () => {
      const { cluster, nodes } = view();
      const role = cluster.slurm?.controllerRole;
      return role === undefined ? undefined : nodes.find((node) => node.role === role)?.address;
    },
    run: async (address, command, signal) =>
      runOnNode({ address, command, key: await secrets.storageKey(), deadlineMs: slurmDeadlineMs, signal }),
  };
}
