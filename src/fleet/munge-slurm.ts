/** Partitions of Slurm, by its own tools on the node that has the controller. */
import { HostError } from '../model/errors.ts';
import { parsePartitions } from '../plan/slurm-partitions.ts';
import type { SlurmController } from './slurm.ts';

export interface PartitionControl {
  readonly isThere: () => boolean;
  /** By name: `UP`, `DOWN`, `DRAIN`, `INACTIVE`. @throws HostError where the controller does not answer */
  readonly states: (signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;
  /** Jobs that run there run on; queued ones wait. */
  readonly close: (partition: string, signal: AbortSignal) => Promise<void>;
  readonly open: (partition: string, signal: AbortSignal) => Promise<void>;
}

/** Names come from `states`, which leaves out what would have to be quoted. */
export function partitionControl({ address, run }: SlurmController): PartitionControl {
  const tell = async (command: string, signal: AbortSignal) => {
    const controller = address();
    if (controller === undefined) throw new HostError('the cluster has no Slurm controller');
    return run(controller, command, signal);
  };
  const set = async (partition: string, state: 'up' | 'down', signal: AbortSignal) =>
    void (await tell(`scontrol update partitionname=${partition} state=${state}`, signal));
  return {
    isThere: () => address() !== undefined,
    states: async (signal) => parsePartitions(await tell('scontrol --oneliner show partitions', signal)),
    close: (partition, signal) => set(partition, 'down', signal),
    open: (partition, signal) => set(partition, 'up', signal),
  };
}
