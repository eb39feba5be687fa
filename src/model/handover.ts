/** handover.json, the first thing in the archive of a version that was built without root: what root needs to finish it. */
import { z } from 'zod';

import { ImageSpec } from './image-spec.ts';
import { ImageManifest } from './manifest.ts';
import { PackageLock } from './package-lock.ts';

export const Handover = z.strictObject({
  format: z.literal(1),
  spec: ImageSpec,
  lock: PackageLock,
  /** As it was published where it was built. */
  manifest: ImageManifest,
});
export type Handover = Readonly<z.infer<typeof Handover>>;
