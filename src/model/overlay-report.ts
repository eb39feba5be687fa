/** How the overlay that a node runs with differs from what it was given, and from what its next boot brings. Schema = type = what the API documents. */
import { z } from 'zod';

import { Drift } from './node-status.ts';
import { RoleDiff } from './role-diff.ts';

export const OverlayReport = z.strictObject({
  node: z.string(),
  /** Digest of the archive that it booted with; undefined before its first boot. */
  overlayDigest: z.string().optional(),
  /** Generations. */
  running: z.string().optional(),
  desired: z.string().optional(),
  /** Why nothing can be desired. */
  refusal: z.string().optional(),
  /** Frozen files that its next boot changes. */
  files: RoleDiff.shape.files,
  /** Unified diffs of those that are small texts, by path. */
  patches: RoleDiff.shape.patches,
  /** Digests of its live files: those that it has said to have, and those that it is to have. */
  live: z.strictObject({ has: z.string().optional(), wants: z.string().optional() }),
  /** It was asked to look, and has. */
  hasLooked: z.boolean(),
  /** What was changed on the node; undefined where its agent does not tell. */
  drift: Drift.optional(),
});
export type OverlayReport = Readonly<z.infer<typeof OverlayReport>>;
