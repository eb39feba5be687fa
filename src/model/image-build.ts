/** A build that the service was asked for: written down step by step, so that one that was cut off is known for what it is. */
import { z } from 'zod';

import { ResourceName } from './names.ts';

/** `kept`: what the package lock says. `update`, `anew` and `offline` are flags of "pi-image build". */
export const buildPackages = ['kept', 'update', 'anew', 'offline'] as const;

export const ImageBuildStep = z.strictObject({
  /** From 1; those that the cache has are left out. */
  index: z.int(),
  total: z.int(),
  title: z.string(),
  startedAtMs: z.number(),
  /** undefined while it goes on. */
  endedAtMs: z.number().optional(),
  /** What it does, or did last. */
  detail: z.string().optional(),
});
export type ImageBuildStep = Readonly<z.infer<typeof ImageBuildStep>>;

export const ImageBuild = z.strictObject({
  /** From the same numbers as those of other operations. */
  id: z.string(),
  kind: z.literal('image-build'),
  /** Token or `socket`. */
  by: z.string(),
  image: ResourceName,
  packages: z.enum(buildPackages),
  /** Its squashfs, too. */
  squash: z.boolean(),
  startedAtMs: z.number(),
  /** Written down before its program is started. */
  begunAtMs: z.number().optional(),
  /** The leader of the group of programs that build, while they run: its number, and when that process began. */
  leader: z.strictObject({ pid: z.int(), startTime: z.string() }).optional(),
  /** So often the service ended while it went on. */
  interruptions: z.int().optional(),
  /** `stopping`: its programs are told to end. */
  state: z.enum(['running', 'stopping', 'done', 'failed', 'cancelled']),
  steps: z.array(ImageBuildStep),
  /** The last lines that it said. */
  log: z.array(z.string()),
  /** Why it stops, or ended other than done; of one that is done, what came of it. */
  reason: z.string().optional(),
  hint: z.string().optional(),
  endedAtMs: z.number().optional(),
});
export type ImageBuild = Readonly<z.infer<typeof ImageBuild>>;

/** One line of "pi-image build --progress json". */
export const BuildMessage = z.union([
  z.strictObject({ leader: z.int() }),
  z.strictObject({ step: z.strictObject({ index: z.int(), total: z.int(), title: z.string() }) }),
  z.strictObject({ detail: z.string() }),
  z.strictObject({ note: z.string() }),
]);
export type BuildMessage = z.infer<typeof BuildMessage>;
