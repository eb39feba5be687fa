/** Another munge key for a running cluster, and how it goes. */
import { z } from 'zod';

import { MungeNode, mungeNodeStates, MungeRotation } from '../../model/munge-rotation.ts';

export const RotateRequest = z.strictObject({
  /** Nodes that run and do not tell which key they have are left to their next boot. */
  force: z.boolean().default(false),
});
export type RotateRequest = Readonly<z.output<typeof RotateRequest>>;

export const StartedRotation = z.strictObject({
  dryRun: z.boolean(),
  /** Missing in a dry run. */
  operation: z.string().optional(),
  secret: z.string(),
  /** Partitions of Slurm that are up, and closed meanwhile. */
  partitions: z.array(z.string()),
  nodes: z.array(MungeNode),
});
export type StartedRotation = Readonly<z.output<typeof StartedRotation>>;

const Counts = z.strictObject(
  Object.fromEntries(mungeNodeStates.map((state) => [state, z.int()])) as Record<
    (typeof mungeNodeStates)[number],
    z.ZodInt
  >,
);

export const ListedRotation = MungeRotation.extend({ nodes: z.array(z.string()), counts: Counts });
export type ListedRotation = Readonly<z.output<typeof ListedRotation>>;

export const ShownRotation = MungeRotation.extend({ counts: Counts });
export type ShownRotation = Readonly<z.output<typeof ShownRotation>>;

export const rotateExample = { force: false };

export const startedRotationExample = {
  dryRun: false,
  operation: '13',
  secret: 'mungeKey',
  partitions: ['main'],
  nodes: [
    { node: 'head', state: 'waiting' },
    { node: 'node01', state: 'waiting' },
    { node: 'node02', state: 'next-boot', detail: 'it is not heard' },
  ],
};

const rotationExample = {
  id: '13',
  kind: 'munge-rotation',
  by: 'ops',
  secret: 'mungeKey',
  partitions: ['main'],
  startedAtMs: 1_795_262_400_000,
  state: 'running',
  steps: [
    { step: 'close', startedAtMs: 1_795_262_400_000, endedAtMs: 1_795_262_402_000, outcome: 'done' },
    { step: 'push', startedAtMs: 1_795_262_402_000, endedAtMs: 1_795_262_402_500, outcome: 'done' },
    { step: 'restart', startedAtMs: 1_795_262_402_500, detail: '1 of 2 have restarted munged; not yet: node01' },
  ],
  counts: { waiting: 1, restarted: 1, 'next-boot': 1, kept: 0 },
};

export const listedRotationExample = { ...rotationExample, nodes: ['head', 'node01', 'node02'] };

export const shownRotationExample = {
  ...rotationExample,
  nodes: [
    { node: 'head', state: 'restarted' },
    { node: 'node01', state: 'waiting' },
    { node: 'node02', state: 'next-boot', detail: 'it is not heard' },
  ],
};
