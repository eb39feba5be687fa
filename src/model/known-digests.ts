/** sources/known.json: digests of files and trees outside of the state directory, so that they are not read at every build. */
import { z } from 'zod';

export const KnownDigests = z.strictObject({
  format: z.literal(1),
  /** Absolute path -> what it looked like, and the digest that it had then. */
  known: z.record(z.string(), z.strictObject({ looks: z.string(), digest: z.string().regex(/^[0-9a-f]{64}$/) })),
});
export type KnownDigests = Readonly<z.infer<typeof KnownDigests>>;
