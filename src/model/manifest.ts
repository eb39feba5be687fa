/** manifest.json of an image version: what it is, what it holds, and what overlays must know of it. Immutable once published. */
import { z } from 'zod';

import { BoardName } from './board.ts';
import { DisklessRecord } from './diskless.ts';
import { ResourceName } from './names.ts';
import { RootMode } from './root-mode.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const ImageManifest = z.strictObject({
  format: z.literal(1),
  name: ResourceName,
  /** `20261121.1`: UTC day of the build and a counter; sorts by age within a day by number. */
  version: z.string().regex(/^[A-Za-z0-9._-]+$/),
  /** ISO 8601, UTC. */
  builtAt: z.string(),
  boards: z.array(BoardName),
  /** Key over everything that went in; equal keys mean equal images. */
  key: Sha256,
  /** Files under boot/ by path, as TFTP and HTTP serve them. */
  bootFiles: z.record(z.string(), z.strictObject({ sha256: Sha256, sizeBytes: z.int().min(0) })),
  kernels: z.array(
    z.strictObject({
      release: z.string(),
      /** Name under boot/ */
      kernel: z.string(),
      initramfs: z.string(),
      boards: z.array(BoardName),
    }),
  ),
  packages: z.array(z.strictObject({ name: z.string(), version: z.string(), architecture: z.string() })),
  /** Numeric ids by name, for `owner:` of overlays. */
  users: z.record(z.string(), z.int()),
  groups: z.record(z.string(), z.int()),
  /** Symbolic links of the root that lead to folders: path -> target. An overlay path must not cross one. */
  folderLinks: z.record(z.string(), z.string()),
  /** What its initramfs can make a root of; undefined: `shared` alone. */
  rootModes: z.array(RootMode).optional(),
  /** On the command line of every node that boots it, before those of its role. */
  kernelArguments: z.array(z.string()).optional(),
  rootBytes: z.int().min(0),
  rootFiles: z.int().min(0),
  /** Digest of the text of index.json.gz: equal digests mean equal trees. undefined: published before there were any. */
  index: Sha256.optional(),
  /** That it was made of, the base first; undefined: it was imported. */
  layers: z.array(z.strictObject({ name: z.string(), key: Sha256, kind: z.string() })).optional(),
  /** By which rules it runs without a disk; undefined: it was imported, or built before they were written down. */
  diskless: DisklessRecord.optional(),
});
export type ImageManifest = Readonly<z.infer<typeof ImageManifest>>;
