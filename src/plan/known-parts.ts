/** What cluster.yaml and nodes.yaml may refer to: what stands beside them and in the store. */
import type { BoardName } from '../model/board.ts';
import type { OverlaySource } from '../model/overlay-source.ts';

export interface KnownParts {
  readonly overlays: ReadonlyMap<string, OverlaySource>;
  /** By name: images that have an image.yaml or a published version. */
  readonly images: ReadonlyMap<string, KnownImage>;
}

export interface KnownImage {
  /** undefined when only the name is known. */
  readonly boards: readonly BoardName[] | undefined;
}
