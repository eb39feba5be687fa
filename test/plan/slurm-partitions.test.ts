import { expect, test } from 'vitest';

import { parsePartitions } from '../../src/plan/slurm-partitions.ts';

/** Of Slurm 24.11. */
const text = `PartitionName=main AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL Default=YES QoS=N/A MaxTime=UNLIMITED Nodes=node[01-02] PriorityTier=1 State=UP TotalCPUs=8 TotalNodes=2 SelectTypeParameters=NONE
PartitionName=night AllowGroups=ALL Default=NO Nodes=node03 State=DOWN TotalCPUs=4 TotalNodes=1
PartitionName=two;words State=UP
PartitionName=odd

`;

test('partitions and their states; names that would have to be quoted are left out', () => {
  expect([...parsePartitions(text)]).toEqual([
    ['main', 'UP'],
    ['night', 'DOWN'],
  ]);
  expect(parsePartitions('No partitions in the system\n').size).toBe(0);
});
