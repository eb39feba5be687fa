/** Rollouts and rollbacks: what is asked for, and how it goes. */
import { z } from 'zod';

import { NodeName, ResourceName } from '../../model/names.ts';
import { DrainPolicy } from '../../model/operation.ts';
import { Rollout, rolloutStates, RolloutTarget } from '../../model/rollout.ts';

const Seconds = z
  .int()
  .min(0)
  .max(30 * 86_400);

export const RolloutRequest = z.strictObject({
  target: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('image'),
      role: ResourceName,
      /** `debian-lite@20261121.2`; the newest version of the role's image unless given. */
      image: z.string().min(1).optional(),
    }),
    z.strictObject({ kind: z.literal('overlay'), role: ResourceName }),
  ]),
  /** Nodes that try it first. */
  canary: z.int().min(1).max(1000).default(1),
  /** Per cent of the other nodes that have it after each wave; 100 is added. */
  waves: z.array(z.int().min(1).max(100)).max(20).default([25]),
  /** Of cluster.yaml, by name. */
  checks: z.array(ResourceName).max(20).default([]),
  /** Nodes that run slurmd must take jobs before the next wave. */
  slurm: z.boolean().default(true),
  /** So long a wave runs before it counts. */
  soakSeconds: Seconds.default(60),
  /** After that, what is not ready by then has failed. */
  deadlineSeconds: Seconds.default(600),
  drain: DrainPolicy.default('wait'),
  drainDeadlineSeconds: Seconds.default(3600),
  /** So many nodes at the same time, or so many per cent of all that get it. */
  maxUnavailable: z
    .string()
    .regex(/^[1-9]\d{0,3}$|^(?:[1-9]\d?|100)%$/, 'a number of nodes, or a percentage such as 25%')
    .default('25%'),
  /** So many nodes behind the canary may fail before all go back. */
  maxFailed: z.int().min(0).max(1000).default(0),
  /** Also what did not come up before. */
  retry: z.boolean().default(false),
});
export type RolloutRequest = Readonly<z.output<typeof RolloutRequest>>;

export const StartedRollout = z.strictObject({
  dryRun: z.boolean(),
  /** Missing in a dry run. */
  rollout: z.string().optional(),
  target: RolloutTarget,
  /** What nodes boot until their turn comes. */
  from: z.string().optional(),
  /** The canary first. */
  waves: z.array(z.array(z.string())),
  leftOut: z.array(z.strictObject({ node: z.string(), reason: z.string() })),
});
export type StartedRollout = Readonly<z.output<typeof StartedRollout>>;

export const ShownRollout = Rollout;
export type ShownRollout = Rollout;

export const OrderedRollout = z.strictObject({
  rollout: z.string(),
  dryRun: z.boolean(),
  state: z.enum(rolloutStates),
  /** Nodes that have the new version, or get it just now: an abort takes it from them. */
  nodes: z.array(z.string()),
});
export type OrderedRollout = Readonly<z.output<typeof OrderedRollout>>;

export const RollbackRequest = z.strictObject({
  /** One of these says which nodes: their names, a role, or all there are. */
  nodes: z.array(NodeName).min(1).optional(),
  role: ResourceName.optional(),
  all: z.literal(true).optional(),
  to: z.discriminatedUnion('kind', [
    /** The beginning of its id. */
    z.strictObject({ kind: z.literal('generation'), id: z.string().regex(/^[0-9a-f]{6,64}$/, '6 to 64 hex digits') }),
    /** The newest one that came up, and is not the one that a node would boot now. */
    z.strictObject({ kind: z.literal('last-good') }),
    /** What a node ran then. */
    z.strictObject({ kind: z.literal('at'), atMs: z.number().min(0) }),
  ]),
});
export type RollbackRequest = Readonly<z.output<typeof RollbackRequest>>;

export const Rollback = z.strictObject({
  dryRun: z.boolean(),
  nodes: z.array(
    z.strictObject({ node: z.string(), generation: z.string(), image: z.string(), isChanged: z.boolean() }),
  ),
  /** Nodes that stay as they are. */
  leftOut: z.array(z.strictObject({ node: z.string(), reason: z.string() })),
});
export type Rollback = Readonly<z.output<typeof Rollback>>;

/** Who changed what, when. */
export const Change = z.strictObject({
  atMs: z.number(),
  /** Of the event that tells it. */
  kind: z.string(),
  node: z.string().optional(),
  what: z.string(),
  /** Token or `socket`; behind an operation or a rollout stands who began it. */
  by: z.string().optional(),
  cause: z.string().optional(),
});
export type Change = Readonly<z.output<typeof Change>>;

const targetExample = { kind: 'image', role: 'compute', image: 'debian-lite@20261121.2' };

export const rolloutRequestExample = { target: targetExample, canary: 1, waves: [25, 100], checks: ['mpi'] };

export const startedRolloutExample = {
  dryRun: false,
  rollout: '3',
  target: targetExample,
  from: 'debian-lite@20261121.1',
  waves: [['node01'], ['node02'], ['node03', 'node04', 'node05']],
  leftOut: [{ node: 'node06', reason: 'it is silent; it takes what its role boots when it is switched on' }],
};

export const rolloutExample = {
  id: '3',
  by: 'ops',
  startedAtMs: 1_795_262_400_000,
  target: targetExample,
  from: 'debian-lite@20261121.1',
  canary: 1,
  waves: [25, 100],
  gates: {
    slurm: true,
    checks: [{ name: 'mpi', argv: ['/usr/local/bin/mpi-smoke'], deadlineMs: 300_000 }],
    soakMs: 60_000,
    deadlineMs: 600_000,
  },
  drain: 'wait',
  drainDeadlineMs: 3_600_000,
  maxUnavailable: 2,
  maxFailed: 0,
  state: 'running',
  wave: 1,
  operation: '13',
  detail: 'wave 1 goes on',
  nodes: [
    { node: 'node01', wave: 0, result: 'done' },
    { node: 'node02', wave: 1 },
    { node: 'node03', wave: 2 },
  ],
  leftOut: [{ node: 'node06', reason: 'it is silent; it takes what its role boots when it is switched on' }],
};

export const orderedRolloutExample = { rollout: '3', dryRun: false, state: 'paused', nodes: ['node01', 'node02'] };

const generationExample = '4f0c1d6f7f0e4f0c1d6f7f0e4f0c1d6f7f0e4f0c1d6f7f0e4f0c1d6f7f0e4f0c';

export const rollbackRequestExample = { nodes: ['node01'], to: { kind: 'last-good' } };

export const rollbackExample = {
  dryRun: false,
  nodes: [{ node: 'node01', generation: generationExample, image: 'debian-lite@20261121.1', isChanged: true }],
  leftOut: [],
};

export const changeExample = {
  atMs: 1_795_262_400_000,
  kind: 'node.image-set',
  node: 'node01',
  what: 'image debian-lite@20261121.1 -> debian-lite@20261121.2',
  by: 'rollout 3 (ops)',
};
