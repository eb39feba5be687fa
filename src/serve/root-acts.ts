/** What the service does that takes root: in this process where it is root, else by the helper. */
import type { NfsChoice } from '../host/nfs/choose.ts';
import type { Exporter } from '../host/nfs/exporter.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { PersistentTree } from '../model/root-mode.ts';
import type { ShareOwner } from '../plan/share-owners.ts';

/** Of roots that nodes cannot boot before they were made. */
export interface RootMaker {
  readonly makeSquash: (manifest: ImageManifest, signal: AbortSignal) => Promise<void>;
  readonly makeTree: (node: string, of: PersistentTree, signal: AbortSignal) => Promise<void>;
  readonly removeTree: (node: string, of: PersistentTree) => Promise<void>;
  /** What processes that are gone have left. */
  readonly sweepRoots: () => Promise<void>;
  /** Copies of versions that are published no more. */
  readonly dropPatterns: () => Promise<void>;
}

export interface RootActs extends RootMaker {
  readonly chooseExporter: (choice: NfsChoice) => Promise<Exporter>;
  /** Makes the top folder of a share, and gives it to its owner. */
  readonly keepShare: (share: ShareOwner) => Promise<void>;
  /** What builds that died have left in the store. */
  readonly sweepStore: () => Promise<void>;
}
