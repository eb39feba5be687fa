/** A generation that was booted before, as the state names it, and a node that boots it again. */
import { z } from 'zod';

import { ResourceName } from './names.ts';

export const KeptGeneration = z.strictObject({
  generation: z.string(),
  /** `name@version` of it: no clean-up may take that. */
  image: z.string(),
});
export type KeptGeneration = Readonly<z.infer<typeof KeptGeneration>>;

/** In place of a generation: it boots what boards without a name boot, and waits. */
export const holdBoot = 'hold';

/** A generation that a node boots instead of what its role and the files say. */
export const GenerationPin = KeptGeneration.extend({
  role: ResourceName,
  by: z.string(),
  /** It was taken back by itself: what it failed in, and of what. Such a hold ends when the node would boot something else. */
  fellFrom: KeptGeneration.pick({ generation: true }).extend({ cause: z.string() }).optional(),
});
export type GenerationPin = Readonly<z.infer<typeof GenerationPin>>;
