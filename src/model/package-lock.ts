/** image.lock.json beside image.yaml, or locks/<image>.json: exactly which packages an image is made of. An unchanged build whose lock is cached needs no network. */
import { z } from 'zod';

import { aptSources, ResolvedBase } from './image-base.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const LockedPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  sha256: Sha256,
  sizeBytes: z.int().min(0),
  /** Where it was offered when the lock was made. */
  uri: z.string(),
  /** File name in the deb store, as apt writes it: `libcap2_1%3a2.75-10_arm64.deb`. */
  fileName: z.string().regex(/^[A-Za-z0-9+.%~_:-]+\.deb$/),
  /** Its stanza of the archive's Packages file, without the fields that say where it lies. */
  control: z.string(),
});
export type LockedPackage = Readonly<z.infer<typeof LockedPackage>>;

export const ArchiveSource = z.strictObject({
  source: z.enum(aptSources),
  uri: z.string(),
  suites: z.array(z.string()).min(1),
  components: z.array(z.string()).min(1),
  /** Key file on the building machine; `image:/usr/…` is one of the base itself. */
  keyring: z.string(),
});
export type ArchiveSource = Readonly<z.infer<typeof ArchiveSource>>;

export const ArchiveIndex = z.strictObject({
  /** Of the suite's InRelease. */
  uri: z.string(),
  sha256: Sha256,
});
export type ArchiveIndex = Readonly<z.infer<typeof ArchiveIndex>>;

export const PackageLock = z.strictObject({
  format: z.literal(1),
  /** sha256 of what was asked for; another request needs another lock. */
  request: Sha256,
  /** ISO 8601, UTC. */
  resolvedAt: z.string(),
  /** Date of the newest archive index, in seconds: no file of the image is younger. */
  epochSeconds: z.int().min(0),
  sources: z.array(ArchiveSource),
  /** What the archives' signed indexes were: when they are the same, so is the answer. */
  indexes: z.array(ArchiveIndex).optional(),
  /** Which content the base is, where it is not made of packages. */
  base: ResolvedBase.optional(),
  /** The base first, then what each layer with packages adds; last, where there are any, `updates`. */
  layers: z.array(
    z.strictObject({
      name: z.string(),
      /** sha256 of what it asks for; as long as it is the same, so are its packages. */
      request: Sha256,
      packages: z.array(LockedPackage),
      /** Names of packages that go. */
      removes: z.array(z.string()).optional(),
    }),
  ),
  /** Unpacked for the initramfs, never installed. */
  busybox: LockedPackage,
  /** The program that UEFI loads; only where uefi is among the boards. Unpacked for the boot files, never installed. */
  ipxe: LockedPackage.optional(),
});
export type LockedLayer = PackageLock['layers'][number];
export type PackageLock = Readonly<z.infer<typeof PackageLock>>;
