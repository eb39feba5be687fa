/** One power-on's timeline, as far as the service knows it. */
import { z } from 'zod';

/** In the order in which they come; a boot ends in `ready` or `failed`. */
export const bootPhases = [
  'offered',
  'loading',
  'kernel',
  'network',
  'root',
  'overlay',
  'userspace',
  'ready',
  'failed',
] as const;
export type BootPhase = (typeof bootPhases)[number];

/** What a node may report about itself; the earlier phases are seen by the service. */
export const reportedPhases = ['kernel', 'network', 'root', 'overlay', 'failed'] as const;

export const Boot = z.strictObject({
  id: z.string(),
  node: z.string(),
  mac: z.string(),
  address: z.string(),
  generation: z.string(),
  startedAtMs: z.number(),
  /** undefined after `overlay` was reported or the time is over. */
  token: z.string().optional(),
  tokenExpiresAtMs: z.number(),
  /** Last sign of life: a packet, a file, a report. */
  lastSeenMs: z.number(),
  /** sha256 of the overlay.tar that was served last; the node reports what it applied. */
  overlaySha256: z.string().optional(),
  files: z.int(),
  bytes: z.int(),
  phases: z.array(z.strictObject({ phase: z.enum(bootPhases), atMs: z.number(), detail: z.string().optional() })),
  /** How it closed; undefined while it is open. */
  closed: z
    .strictObject({ atMs: z.number(), reason: z.enum(['ready', 'failed', 'silent', 'restarted', 'handed-over']) })
    .optional(),
});
export type Boot = Readonly<z.infer<typeof Boot>>;
