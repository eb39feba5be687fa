/** Work on nodes that takes minutes: written down step by step, so that a service that was killed goes on where it was. */
import { z } from 'zod';

import { GenerationPin, KeptGeneration } from './generation-pin.ts';
import { NodeName, ResourceName } from './names.ts';

/** In the order in which a node takes them; those that end in `-back` undo what did not come up. */
export const operationSteps = [
  'drain',
  'set',
  'reboot',
  'boot',
  'resume',
  'revert',
  'reboot-back',
  'boot-back',
  'resume-back',
] as const;
export type OperationStepName = (typeof operationSteps)[number];

/**
 * What happens to jobs that run on a node which is to leave. `wait`: they end by themselves, or the node stays as it is.
 * `requeue`: Slurm starts them again elsewhere, at once. `force`: what still runs at the deadline is cancelled.
 */
export const drainPolicies = ['wait', 'requeue', 'force'] as const;
export const DrainPolicy = z.enum(drainPolicies);
export type DrainPolicy = z.infer<typeof DrainPolicy>;

export const Operation = z.strictObject({
  /** A number that is never given twice. */
  id: z.string(),
  kind: z.enum(['role-change', 'rollout']),
  /** One wave of a rollout, or its way back: the role stays, and `to` is what its nodes boot. */
  rollout: z.strictObject({ id: z.string(), way: z.enum(['forward', 'back']), to: z.string() }).optional(),
  /** No other node is begun until it goes on. */
  isHeld: z.boolean().optional(),
  /** More than these end it; a fifth of its nodes unless given. */
  maxFailed: z.int().min(0).optional(),
  /** Token or `socket`. */
  by: z.string(),
  role: ResourceName,
  drain: DrainPolicy,
  drainDeadlineMs: z.int().min(0),
  /** So many nodes at most are taken away from the cluster at the same time. */
  maxUnavailable: z.int().min(1),
  startedAtMs: z.number(),
  /** `stopping`: no other node is begun; those that have their new role go on to the end. */
  state: z.enum(['running', 'stopping', 'done', 'failed', 'cancelled']),
  /** Why it stops, or ended other than done. */
  reason: z.string().optional(),
  endedAtMs: z.number().optional(),
});
export type Operation = Readonly<z.infer<typeof Operation>>;

export const OperationStep = z.strictObject({
  step: z.enum(operationSteps),
  startedAtMs: z.number(),
  /** undefined while it goes on. */
  endedAtMs: z.number().optional(),
  outcome: z.enum(['done', 'skipped', 'failed']).optional(),
  /** What it waits for, or what became of it. */
  detail: z.string().optional(),
});
export type OperationStep = Readonly<z.infer<typeof OperationStep>>;

/**
 * `fell-back`: its new role did not come up, and it runs its old one. `failed`: it runs neither. `skipped`: never begun.
 * `kept`: it was given up before anything of it was changed.
 */
export const nodeResults = ['done', 'fell-back', 'failed', 'skipped', 'kept'] as const;

export const OperationNode = z.strictObject({
  operation: z.string(),
  node: NodeName,
  /** The role that it had. */
  from: ResourceName,
  /** Written down when its change begins: what came up last in that role, and what it was held at. */
  before: KeptGeneration.optional(),
  pinBefore: GenerationPin.optional(),
  /** The generation that it was held at when its old role came back; none where that says the same. */
  heldAt: z.string().optional(),
  /** None before it is its turn. */
  steps: z.array(OperationStep),
  /** An administrator had drained it before: it is left so. */
  staysDrained: z.boolean().optional(),
  result: z.enum(nodeResults).optional(),
  cause: z.string().optional(),
  hint: z.string().optional(),
});
export type OperationNode = Readonly<z.infer<typeof OperationNode>>;

/** A generation whose node did not come up in it: no operation tries it again unless it is told to. */
export const Quarantined = z.strictObject({
  node: z.string(),
  role: z.string(),
  /** undefined: it failed when nobody had asked for it, and was taken back by itself. */
  operation: z.string().optional(),
  atMs: z.number(),
  cause: z.string(),
});
export type Quarantined = Readonly<z.infer<typeof Quarantined>>;

/** Work on nodes waits, whatever it is in the middle of. */
export const OperationHold = z.strictObject({ by: z.string(), sinceMs: z.number() });
export type OperationHold = Readonly<z.infer<typeof OperationHold>>;
