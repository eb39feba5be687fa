/** What a change of role changes on a node at its next boot, as people and programs read it. */
import { z } from 'zod';

/** A side is missing when there is nothing there: a node that could not boot before has no image. */
const Change = z.strictObject({ from: z.string().optional(), to: z.string().optional() });

const ListChange = z.strictObject({ added: z.array(z.string()), removed: z.array(z.string()) });

export const RoleDiff = z.strictObject({
  role: Change,
  /** `debian-lite@20261121.1` */
  image: Change,
  /** Root mode. */
  root: Change,
  generation: Change,
  kernelArguments: ListChange,
  overlays: ListChange,
  /** Paths on the node, of the overlays' frozen and live files. */
  files: z.strictObject({
    added: z.array(z.string()),
    changed: z.array(z.string()),
    removed: z.array(z.string()),
  }),
  /** Unified diffs of those files that are small texts, by path. Secrets are never among them. */
  patches: z.record(z.string(), z.string()),
  /** NFS pseudo paths that the node may mount from its next boot on, and those that it loses then. */
  exports: ListChange,
  /** What the node is to Slurm. */
  slurm: z.strictObject({
    from: z.enum(['none', 'controller', 'compute']),
    to: z.enum(['none', 'controller', 'compute']),
  }),
});
export type RoleDiff = Readonly<z.infer<typeof RoleDiff>>;
