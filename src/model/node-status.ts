/** Where a node stands, as far as the service knows: for the API and the command line. Schema = type = what the API documents. */
import { z } from 'zod';

import { Boot } from './boot.ts';

/** A boot as everybody may read it: what authorises its node is left out. */
export const PublicBoot = Boot.omit({ token: true });
export type PublicBoot = Readonly<z.infer<typeof PublicBoot>>;

export const NodeStatus = z.strictObject({
  /** `up`: its last boot applied its overlay. `silent`: it stopped in the middle. `new`: it never booted. */
  state: z.enum(['new', 'booting', 'up', 'failed', 'silent', 'refused']),
  /** What it would boot now; undefined when that is refused. */
  desired: z.strictObject({ generation: z.string(), image: z.string() }).optional(),
  /** What it runs as far as it has said. */
  running: z.strictObject({ generation: z.string(), image: z.string(), role: z.string() }).optional(),
  lastBoot: PublicBoot.optional(),
  /** Why it cannot boot, or why its last boot failed. */
  reason: z.string().optional(),
});
export type NodeStatus = Readonly<z.infer<typeof NodeStatus>>;
