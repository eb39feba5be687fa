/** made.json beside boot files that are kept for the next build: what they are, so that a damaged one is noticed. */
import { z } from 'zod';

import { BoardName } from './board.ts';

export const KeptBootFiles = z.strictObject({
  format: z.literal(1),
  kernels: z.array(
    z.strictObject({
      release: z.string(),
      source: z.string(),
      kernel: z.string(),
      initramfs: z.string(),
      boards: z.array(BoardName),
    }),
  ),
  /** Path -> sha256. */
  files: z.record(z.string(), z.string()),
});
export type KeptBootFiles = Readonly<z.infer<typeof KeptBootFiles>>;
