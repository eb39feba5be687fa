/** Everything that decisions are made from, as one value: what the owner wrote and what the store holds. */
import type { BoardName } from './board.ts';
import type { Cluster } from './cluster.ts';
import type { ImageManifest } from './manifest.ts';
import type { NodeSpec } from './node.ts';
import type { OverlaySource } from './overlay-source.ts';
import type { State } from './state.ts';
import type { MadeRoots } from './root-mode.ts';

/** boot/<board>/: what firmware reads, as templates. */
export interface BoardTemplates {
  readonly configTxt: string;
  readonly cmdlineTxt: string;
  /** What other boot loaders ask for: name without `.hbs` -> template. */
  readonly texts?: ReadonlyMap<string, string>;
}

export interface ClusterView {
  readonly cluster: Cluster;
  /** With the MAC filled in where it was learned. */
  readonly nodes: readonly NodeSpec[];
  /** Published versions by image name, newest first. */
  readonly images: ReadonlyMap<string, readonly ImageManifest[]>;
  readonly overlays: ReadonlyMap<string, OverlaySource>;
  readonly boardTemplates: ReadonlyMap<BoardName, BoardTemplates>;
  /** Versions of images that were chosen for single nodes; those of roles stand in the cluster. */
  readonly imageChoices?: State['imageChoices'];
  /** undefined: nothing has been made yet. */
  readonly roots?: MadeRoots;
}
