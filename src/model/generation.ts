/** The frozen part of a boot plan, under the hash of its content. */
import { z } from 'zod';

import { BoardName } from './board.ts';
import { RootMode, SquashFile } from './root-mode.ts';

export const Generation = z.strictObject({
  format: z.literal(1),
  /** sha256 of the canonical JSON of all other fields. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  node: z.string(),
  role: z.string(),
  board: BoardName,
  image: z.strictObject({ name: z.string(), version: z.string() }),
  rootMode: RootMode,
  /** Of `squash` and `ram`: the file that the node mounts. */
  squash: SquashFile.optional(),
  /** undefined: its files are served one by one, and its command line carries the boot's token. */
  boot: z.literal('signed').optional(),
  /** As TFTP serves it. */
  configTxt: z.string(),
  /** One line; holds `tokenSlot` once where the boot's token goes at RRQ time. A signed one is the same for many nodes. */
  commandLine: z.string(),
  /** What boot loaders other than a Pi's ask for, by name; each holds `tokenSlot` where the command line stands in it. */
  texts: z.record(z.string(), z.string()).optional(),
  /** sha256 of the frozen overlay as canonical text: role's overlays rendered without secrets and live files. */
  overlayDigest: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Generation = Readonly<z.infer<typeof Generation>>;

/** 43 characters, the length of 32 random bytes in base64url: replacing it never changes a file's size. */
export const tokenSlot = '@pi-image-boot-token-goes-into-this-place-@';

/** Shown in its place. */
export const hiddenToken = '(hidden)';
