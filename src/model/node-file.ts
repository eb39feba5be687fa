/** One entry of the tree that is laid over a node's root. */

export type NodeFile =
  | {
      readonly kind: 'file';
      /** Relative to the node's root, no leading slash. */
      readonly path: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly bytes: Uint8Array;
      /** It must reach no disk: where the root is a tree on the storage node, it stays in the node's memory. */
      readonly isSecret?: true;
    }
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** What the image has at this path (a glob) is taken away. */
  | { readonly kind: 'remove'; readonly glob: string };
