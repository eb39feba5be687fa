/** Nodes: as they are described, as they are shown, and how they are changed. */
import { z } from 'zod';

import { BoardName } from '../../model/board.ts';
import { Ipv4 } from '../../model/ipv4.ts';
import { LabelName, LabelValue } from '../../model/labels.ts';
import { Mac } from '../../model/mac.ts';
import { NodeName, ResourceName, VariableName, Variables, VariableValue } from '../../model/names.ts';
import { NodeSpec } from '../../model/node.ts';
import { NodeStatus } from '../../model/node-status.ts';
import { PowerPort } from '../../model/power.ts';
import { SerialText } from '../../model/serial.ts';
import { bootExample } from './boot.ts';

/** Its MAC may be one that was learned. */
export const Node = z.strictObject({ ...NodeSpec.shape, vars: Variables, status: NodeStatus });
export type Node = Readonly<z.output<typeof Node>>;

/** RFC 7396: what is not named stays, null takes away. Name and role have ways of their own to change. */
export const NodePatch = z.strictObject({
  serial: SerialText.nullable().optional(),
  mac: Mac.nullable().optional(),
  board: BoardName.optional(),
  address: Ipv4.optional(),
  vars: z.record(VariableName, VariableValue.nullable()).nullable().optional(),
  labels: z.record(LabelName, LabelValue.nullable()).nullable().optional(),
  power: PowerPort.nullable().optional(),
});
export type NodePatch = Readonly<z.output<typeof NodePatch>>;

export const NodesChange = z.strictObject({
  dryRun: z.boolean(),
  /** Empty when all is so already. */
  changes: z.array(
    z.strictObject({
      kind: z.enum(['added', 'changed', 'removed']),
      node: z.string(),
      /** Of a changed node; a side is missing where there was or is nothing. */
      fields: z.array(
        z.strictObject({ field: z.string(), before: z.string().optional(), after: z.string().optional() }),
      ),
    }),
  ),
});
export type NodesChange = Readonly<z.output<typeof NodesChange>>;

export const AdoptRequest = z.strictObject({
  name: NodeName,
  role: ResourceName,
  address: Ipv4,
  /** Needed when the board has not said what it is. */
  board: BoardName.optional(),
});
export type AdoptRequest = Readonly<z.output<typeof AdoptRequest>>;

export const nodeSpecExample = {
  name: 'node01',
  serial: '9ffefdef',
  mac: '2c:cf:67:01:02:03',
  board: 'pi5',
  address: '10.42.0.11',
  role: 'compute',
  vars: { slurmPartition: 'main' },
  labels: { rack: 'a1' },
};

export const nodeExample = {
  ...nodeSpecExample,
  status: {
    state: 'ready',
    desired: { generation: bootExample.generation, image: 'debian-lite@20261121.1' },
    running: { generation: bootExample.generation, image: 'debian-lite@20261121.1', role: 'compute' },
    lastBoot: bootExample,
    heartbeat: {
      boot: bootExample.id,
      atMs: 1_795_249_000_000,
      phase: 'ready',
      uptimeSeconds: 640.2,
      load: 0.12,
      temperatureCelsius: 48.3,
      drift: { checkedAtSeconds: 600.2, count: 1, files: [{ path: 'etc/hosts', what: 'changed' }] },
      generation: bootExample.generation,
    },
  },
};

export const nodesChangeExample = {
  dryRun: false,
  changes: [
    { kind: 'changed', node: 'node01', fields: [{ field: 'address', before: '10.42.0.11', after: '10.42.0.12' }] },
  ],
};
