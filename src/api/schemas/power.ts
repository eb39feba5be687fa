/** Power of nodes: what feeds them, and what is being switched. */
import { z } from 'zod';

import { NodeName } from '../../model/names.ts';
import { detections, powerActions, PowerPort } from '../../model/power.ts';

export const PowerRequest = z.strictObject({ action: z.enum(powerActions) });
export type PowerRequest = Readonly<z.output<typeof PowerRequest>>;

export const PowerListRequest = z.strictObject({
  nodes: z.array(NodeName).min(1),
  action: z.enum(powerActions),
});
export type PowerListRequest = Readonly<z.output<typeof PowerListRequest>>;

export const PowerChange = z.strictObject({
  node: z.string(),
  action: z.enum(powerActions),
  dryRun: z.boolean(),
  /** False: it has that power already, and nothing is done. */
  isChanged: z.boolean(),
  ...PowerPort.shape,
});
export type PowerChange = Readonly<z.output<typeof PowerChange>>;

export const Shutdown = z.strictObject({
  node: z.string(),
  dryRun: z.boolean(),
  /** False: it does not run, as far as is known, so nobody was told. */
  runs: z.boolean(),
});
export type Shutdown = Readonly<z.output<typeof Shutdown>>;

/** Names of nodes; each stage is down before the next one begins. */
export const PowerOrder = z.strictObject({ stages: z.array(z.array(z.string())) });
export type PowerOrder = Readonly<z.output<typeof PowerOrder>>;

export const NodePower = z.strictObject({
  node: z.string(),
  switch: z.string().optional(),
  port: z.number().optional(),
  /** False: nobody gives its port orders, as it is switched by hand or cluster.yaml does not describe its switch. */
  isSwitched: z.boolean(),
  power: z.enum(['on', 'off', 'unknown']),
  /** What the port does: RFC 3621 pethPsePortDetectionStatus. */
  detection: z.enum(detections).optional(),
  /** Why it is not known. */
  reason: z.string().optional(),
  /** Of its switch, in watts. */
  budget: z.strictObject({ watts: z.number(), usedWatts: z.number() }).optional(),
});
export type NodePower = Readonly<z.output<typeof NodePower>>;

const order = { node: z.string(), action: z.enum(powerActions), by: z.string(), ...PowerPort.shape };

export const PowerRuns = z.strictObject({
  running: z.array(
    z.strictObject({
      ...order,
      /** `turn`: until others that got power before have loaded. */
      step: z.enum(['switch', 'wait', 'turn']),
      wanted: z.enum(['on', 'off']),
      /** Of this step. */
      sinceMs: z.number(),
      /** Why it was not done at the last try; it is tried again. */
      failure: z.string().optional(),
    }),
  ),
  /** The last order of each node, since the service started. */
  ended: z.array(
    z.strictObject({
      ...order,
      endedMs: z.number(),
      detection: z.enum(detections).optional(),
      failure: z.string().optional(),
      hint: z.string().optional(),
    }),
  ),
});
export type PowerRuns = Readonly<z.output<typeof PowerRuns>>;

const discovered = { node: z.string(), before: PowerPort.optional() };

export const PowerMap = z.strictObject({
  proposals: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('found'), ...discovered, power: PowerPort, by: z.enum(['mac', 'lldp']) }),
      z.strictObject({ kind: z.literal('open'), ...discovered, reason: z.string() }),
    ]),
  ),
  /** Switches that did not tell what they have learned. */
  failures: z.array(z.string()),
});
export type PowerMap = Readonly<z.output<typeof PowerMap>>;

export const powerChangeExample = {
  node: 'node01',
  action: 'cycle' as const,
  dryRun: false,
  isChanged: true,
  switch: 'sw1',
  port: 7,
};

export const nodePowerExample = {
  node: 'node01',
  switch: 'sw1',
  port: 7,
  isSwitched: true,
  power: 'on' as const,
  detection: 'delivering' as const,
  budget: { watts: 120, usedWatts: 38 },
};

const orderExample = { node: 'node01', action: 'cycle' as const, by: 'socket', switch: 'sw1', port: 7 };

export const powerRunsExample = {
  running: [{ ...orderExample, step: 'wait' as const, wanted: 'off' as const, sinceMs: 1_795_249_000_000 }],
  ended: [{ ...orderExample, node: 'node02', port: 8, endedMs: 1_795_248_000_000, detection: 'delivering' as const }],
};

export const powerMapExample = {
  proposals: [
    { kind: 'found' as const, node: 'node01', power: { switch: 'sw1', port: 7 }, by: 'mac' as const },
    {
      kind: 'open' as const,
      node: 'node02',
      before: { switch: 'sw1', port: 8 },
      reason: 'no switch has seen 2c:cf:67:00:00:02 lately: does its board have power?',
    },
  ],
  failures: [],
};

export const powerOrderExample = { stages: [['node01', 'node02'], ['login'], ['head']] };
