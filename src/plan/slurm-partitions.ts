/** What Slurm says of its partitions. */

/** As slurm.conf of overlays/slurm-node has them; another name stands in no command of ours. */
const partitionName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * @param text of `scontrol --oneliner show partitions`
 * @returns name -> `UP`, `DOWN`, `DRAIN` or `INACTIVE`
 */
export function parsePartitions(text: string): ReadonlyMap<string, string> {
  const states = text.split('\n').flatMap((line) => {
    const name = /^PartitionName=(\S+)/.exec(line)?.[1] ?? '';
    const state = /\sState=([A-Z]+)/.exec(line)?.[1];
    return partitionName.test(name) && state !== undefined ? [[name, state] as const] : [];
  });
  return new Map(states);
}
