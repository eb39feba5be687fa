/** A new version for the nodes of a role: a canary first, then waves, each proved before the next, and back when one fails. */
import { z } from 'zod';

import { parseDurationMs } from './duration.ts';
import { KeptGeneration } from './generation-pin.ts';
import { NodeName, ResourceName } from './names.ts';
import { DrainPolicy, nodeResults } from './operation.ts';
import { parsedText } from './parsed-text.ts';

export const RolloutTarget = z.discriminatedUnion('kind', [
  /** `debian-lite@20261121.2` */
  z.strictObject({ kind: z.literal('image'), role: ResourceName, image: z.string() }),
  /** What the overlays of the role say now. */
  z.strictObject({ kind: z.literal('overlay'), role: ResourceName }),
]);
export type RolloutTarget = Readonly<z.infer<typeof RolloutTarget>>;

/** A program of the administrator on the storage node: 0 is well, everything else is not. */
export const RolloutCheck = z.strictObject({
  name: ResourceName,
  argv: z.array(z.string().min(1)).min(1),
  deadlineMs: z.int().min(1),
});
export type RolloutCheck = Readonly<z.infer<typeof RolloutCheck>>;

/** What has to hold after each wave before the next one is begun; that its nodes are ready always has to. */
const RolloutGates = z.strictObject({
  /** Nodes that run slurmd take jobs. */
  slurm: z.boolean(),
  checks: z.array(RolloutCheck),
  /** So long a wave runs before it counts. */
  soakMs: z.int().min(0),
  /** After that, what does not hold by then has failed. */
  deadlineMs: z.int().min(0),
});

/** As nodes of operations end; `rolled-back`: it had the new version, and has the old one again. */
export const rolloutResults = [...nodeResults, 'rolled-back'] as const;

export const RolloutNode = z.strictObject({
  node: NodeName,
  /** 0 is the canary. */
  wave: z.int().min(0),
  /** Of an overlay: what the node ran before. It is held there until its turn comes, and gets it back. */
  before: KeptGeneration.optional(),
  result: z.enum(rolloutResults).optional(),
  cause: z.string().optional(),
});
export type RolloutNode = Readonly<z.infer<typeof RolloutNode>>;

export const rolloutStates = ['running', 'paused', 'aborting', 'rolled-back', 'done', 'failed'] as const;

export const Rollout = z.strictObject({
  /** A number that is never given twice. */
  id: z.string(),
  /** Token or `socket`. */
  by: z.string(),
  startedAtMs: z.number(),
  target: RolloutTarget,
  /** Of an image: what its nodes boot until their turn comes. */
  from: z.string().optional(),
  /** Nodes that try it first. */
  canary: z.int().min(1),
  /** Per cent of the other nodes that have it after each wave; the last is 100. */
  waves: z.array(z.int().min(1).max(100)).min(1),
  gates: RolloutGates,
  drain: DrainPolicy,
  drainDeadlineMs: z.int().min(0),
  /** So many nodes at most are away at the same time. */
  maxUnavailable: z.int().min(1),
  /** So many nodes behind the canary may fail before all go back. */
  maxFailed: z.int().min(0),
  /** `aborting`: no other node gets it, and those that have it get back what they had. `failed`: some have neither. */
  state: z.enum(rolloutStates),
  /** The one that goes on, or was the last. */
  wave: z.int().min(0),
  /** That works on the wave, or takes nodes back. */
  operation: z.string(),
  /** Since then the gates of this wave are asked; undefined while its operation goes on. */
  gatesSinceMs: z.number().optional(),
  /** What it waits for. */
  detail: z.string().optional(),
  nodes: z.array(RolloutNode),
  /** Nodes of the role that are not part of it. */
  leftOut: z.array(z.strictObject({ node: NodeName, reason: z.string(), before: KeptGeneration.optional() })),
  /** Why it is paused, or did not end as done. */
  reason: z.string().optional(),
  endedAtMs: z.number().optional(),
});
export type Rollout = Readonly<z.infer<typeof Rollout>>;

/** As cluster.yaml has it under `checks`. */
export const CheckSpec = z.strictObject({
  command: z.array(z.string().min(1)).min(1),
  timeout: parsedText(parseDurationMs).default(300_000),
});
