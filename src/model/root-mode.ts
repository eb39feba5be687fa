/** How a node gets its root, and what becomes of a private one when its image has a new version. */
import { z } from 'zod';

/**
 * `shared`: the image's tree over NFS, read-only, with a tmpfs over it. `squash`: one compressed file over NFS, mounted on
 * the node, with a tmpfs over it. `ram`: that file over HTTP in the node's memory. `persistent`: a writable tree of its own.
 */
export const rootModes = ['shared', 'squash', 'ram', 'persistent'] as const;
export const RootMode = z.enum(rootModes);
export type RootMode = z.infer<typeof RootMode>;

/**
 * `keep`: the node goes on with its tree, and with kernel and boot files of the version that it was made from. `reset`: it
 * gets a new tree of the new version. `refuse`: it does not boot before its owner has decided.
 */
const upgradePolicies = ['keep', 'reset', 'refuse'] as const;

export const PersistentRoot = z.strictObject({ upgrade: z.enum(upgradePolicies).default('keep') });
export type PersistentRoot = Readonly<z.infer<typeof PersistentRoot>>;

/** What is known of a version's root.squashfs. */
export const SquashFile = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.int().min(1),
});
export type SquashFile = Readonly<z.infer<typeof SquashFile>>;

/** The tree of a node, by what it was made from. */
export interface PersistentTree {
  readonly name: string;
  readonly version: string;
}

/** What there is so that nodes can boot in modes other than `shared`. */
export interface MadeRoots {
  /** `name@version` -> its file. */
  readonly squashes: ReadonlyMap<string, SquashFile>;
  /** Node -> its trees. */
  readonly trees: ReadonlyMap<string, readonly PersistentTree[]>;
  /** Node -> memory of the board that it booted on, by its revision code. */
  readonly memoryMib?: ReadonlyMap<string, number>;
}

/** `debian-lite@20261121.1` */
export const versionId = ({ name, version }: PersistentTree) => `${name}@${version}`;
