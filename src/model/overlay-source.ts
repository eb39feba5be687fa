/** An overlay as read from its folder, before rendering. */
import type { OverlaySpec } from './overlay-spec.ts';

export interface OverlaySource {
  readonly name: string;
  readonly spec: OverlaySpec;
  readonly files: readonly OverlaySourceFile[];
}

export type OverlaySourceFile =
  /** `path` is relative to the node's root and has lost its `.hbs` when `isTemplate`. */
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly isTemplate: boolean;
      readonly bytes: Uint8Array;
      readonly isExecutable: boolean;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };
