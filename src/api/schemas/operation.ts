/** Operations: work on nodes that takes minutes, and how it goes. */
import { z } from 'zod';

import { NodeName } from '../../model/names.ts';
import { DrainPolicy, nodeResults, Operation, OperationNode } from '../../model/operation.ts';
import { RoleDiff } from '../../model/role-diff.ts';
import { ListedBuild, ShownBuild } from './image-build.ts';
import { roleChangeExample } from './role.ts';
import { ListedRotation, ShownRotation } from './rotation.ts';

export const DrainDeadlineSeconds = z
  .int()
  .min(0)
  .max(30 * 86_400);
export const usualDrainDeadlineSeconds = 3600;

export const AssignRequest = z.strictObject({
  nodes: z.array(NodeName).min(1),
  /** What happens to jobs that run on them. */
  drain: DrainPolicy.default('wait'),
  /** How long jobs may run on, per node. */
  drainDeadlineSeconds: DrainDeadlineSeconds.default(usualDrainDeadlineSeconds),
  /** So many nodes at the same time, or so many per cent of them. */
  maxUnavailable: z
    .string()
    .regex(/^[1-9]\d{0,3}$|^(?:[1-9]\d?|100)%$/, 'a number of nodes, or a percentage such as 25%')
    .default('25%'),
  /** Also what did not come up before. */
  retry: z.boolean().default(false),
});
export type AssignRequest = Readonly<z.output<typeof AssignRequest>>;

export const StartedOperation = z.strictObject({
  dryRun: z.boolean(),
  /** Missing in a dry run, and when all nodes have the role already. */
  operation: z.string().optional(),
  nodes: z.array(z.strictObject({ node: z.string(), diff: RoleDiff })),
});
export type StartedOperation = Readonly<z.output<typeof StartedOperation>>;

/** How many of its nodes ended how; `waiting` and `running` have not. */
const Counts = z.strictObject({
  waiting: z.int(),
  running: z.int(),
  ...(Object.fromEntries(nodeResults.map((result) => [result, z.int()])) as Record<
    (typeof nodeResults)[number],
    z.ZodInt
  >),
});
export type OperationCounts = Readonly<z.output<typeof Counts>>;

export const ListedOperation = Operation.extend({ nodes: z.array(z.string()), counts: Counts });
export type ListedOperation = Readonly<z.output<typeof ListedOperation>>;

export const ShownOperation = Operation.extend({
  counts: Counts,
  nodes: z.array(OperationNode.omit({ operation: true })),
});
export type ShownOperation = Readonly<z.output<typeof ShownOperation>>;

/** `kind` tells them apart. */
export const AnyOperation = z.union([ListedOperation, ListedRotation, ListedBuild]);
export type AnyOperation = Readonly<z.output<typeof AnyOperation>>;

export const AnyShownOperation = z.union([ShownOperation, ShownRotation, ShownBuild]);
export type AnyShownOperation = Readonly<z.output<typeof AnyShownOperation>>;

export const CancelledOperation = z.strictObject({
  operation: z.string(),
  dryRun: z.boolean(),
  /** Nodes whose role is changed already: they go on to the end. */
  goOn: z.array(z.string()),
});
export type CancelledOperation = Readonly<z.output<typeof CancelledOperation>>;

export const ResumedOperation = z.strictObject({
  operation: z.string(),
  dryRun: z.boolean(),
  /** Those whose turn comes now. */
  nodes: z.array(z.string()),
});
export type ResumedOperation = Readonly<z.output<typeof ResumedOperation>>;

export const resumedExample = { operation: '12', dryRun: false, nodes: ['node03', 'node04'] };

/** Numbers of all that has not ended; what works for a rollout is told by that. */
export const HeldWork = z.strictObject({
  dryRun: z.boolean(),
  operations: z.array(z.string()),
  rollouts: z.array(z.string()),
});
export type HeldWork = Readonly<z.output<typeof HeldWork>>;

export const heldWorkExample = { dryRun: false, operations: ['12'], rollouts: ['3'] };

export const assignExample = { nodes: ['node01', 'node02'], drain: 'wait', drainDeadlineSeconds: 1800 };

export const startedExample = {
  dryRun: false,
  operation: '12',
  nodes: [{ node: 'node01', diff: roleChangeExample.diff }],
};

const operationExample = {
  id: '12',
  kind: 'role-change',
  by: 'ops',
  role: 'login',
  drain: 'wait',
  drainDeadlineMs: 1_800_000,
  maxUnavailable: 1,
  startedAtMs: 1_795_262_400_000,
  state: 'running',
  counts: { waiting: 1, running: 1, done: 0, 'fell-back': 0, failed: 0, skipped: 0, kept: 0 },
};

export const listedExample = { ...operationExample, nodes: ['node01', 'node02'] };

export const shownExample = {
  ...operationExample,
  nodes: [
    {
      node: 'node01',
      from: 'compute',
      steps: [
        { step: 'drain', startedAtMs: 1_795_262_401_000, endedAtMs: 1_795_262_423_000, outcome: 'done' },
        { step: 'set', startedAtMs: 1_795_262_423_000, endedAtMs: 1_795_262_424_000, outcome: 'done' },
        { step: 'reboot', startedAtMs: 1_795_262_424_000, detail: 'it is told to reboot' },
      ],
    },
    { node: 'node02', from: 'compute', steps: [] },
  ],
};

export const cancelledExample = { operation: '12', dryRun: false, goOn: ['node01'] };
