/** Another munge key for a running cluster: written down step by step, so that a service that was killed goes on where it was. */
import { z } from 'zod';

import { NodeName } from './names.ts';

/** In the order in which they are taken; those that end in `-back` bring the old key back. */
export const mungeSteps = ['close', 'push', 'restart', 'open', 'push-back', 'restart-back', 'open-back'] as const;
export type MungeStepName = (typeof mungeSteps)[number];

export const MungeStep = z.strictObject({
  step: z.enum(mungeSteps),
  startedAtMs: z.number(),
  /** undefined while it goes on. */
  endedAtMs: z.number().optional(),
  outcome: z.enum(['done', 'skipped', 'failed']).optional(),
  /** What it waits for, or what became of it. */
  detail: z.string().optional(),
});
export type MungeStep = Readonly<z.infer<typeof MungeStep>>;

/**
 * `restarted`: its munged has read the new key. `waiting`: it runs, and has not said so yet. `next-boot`: it does not run,
 * or did not answer in time: it has the key at its next boot, or when it is heard again. `kept`: it has the old key.
 */
export const mungeNodeStates = ['waiting', 'restarted', 'next-boot', 'kept'] as const;

export const MungeNode = z.strictObject({
  node: NodeName,
  state: z.enum(mungeNodeStates),
  /** Why it has to wait for its next boot. */
  detail: z.string().optional(),
});
export type MungeNode = Readonly<z.infer<typeof MungeNode>>;

export const MungeRotation = z.strictObject({
  /** From the same numbers as those of other operations. */
  id: z.string(),
  kind: z.literal('munge-rotation'),
  /** Token or `socket`. */
  by: z.string(),
  /** Its name in cluster.yaml. */
  secret: z.string(),
  /** Those that were up when it began. Others are an administrator's, and are left alone. */
  partitions: z.array(z.string()),
  startedAtMs: z.number(),
  /** `stopping`: it brings the old key back. */
  state: z.enum(['running', 'stopping', 'done', 'failed', 'cancelled']),
  steps: z.array(MungeStep),
  /** All that hold the key. */
  nodes: z.array(MungeNode),
  /** Why it goes back, or ended other than done. */
  reason: z.string().optional(),
  hint: z.string().optional(),
  endedAtMs: z.number().optional(),
});
export type MungeRotation = Readonly<z.infer<typeof MungeRotation>>;
