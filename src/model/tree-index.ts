/** index.json.gz of a layer or an image version: every entry of its tree, so that nothing has to be read to compare two. */
import { z } from 'zod';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const attributes = {
  /** Relative to the root, which is `.`; no leading slash. */
  path: z.string().min(1),
  /** Permission bits with setuid, setgid and sticky. */
  mode: z.int().min(0).max(0o7777),
  uid: z.int().min(0),
  gid: z.int().min(0),
  /** Time of change in seconds since 1970. */
  time: z.int(),
  /** Extended attributes by name, in hexadecimal: capabilities, access lists. */
  xattrs: z.record(z.string(), z.string()).optional(),
  /** Which layer of the manifest it came from; undefined: the seal wrote it, or it was imported. */
  layer: z.int().min(0).optional(),
};

export const IndexEntry = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('file'),
    ...attributes,
    bytes: z.int().min(0),
    sha256: Sha256,
    /** Files with the same number are one file with several names. */
    group: z.int().min(0).optional(),
  }),
  z.strictObject({ kind: z.literal('folder'), ...attributes }),
  z.strictObject({ kind: z.literal('link'), ...attributes, target: z.string() }),
  /** `c 1:3`, `b 8:0`, `p` or `s`. */
  z.strictObject({ kind: z.literal('special'), ...attributes, device: z.string() }),
]);
export type IndexEntry = Readonly<z.infer<typeof IndexEntry>>;
export type IndexedFile = Extract<IndexEntry, { kind: 'file' }>;

/** Sorted by path: a folder comes before what is in it. */
export const TreeIndex = z.strictObject({ format: z.literal(1), entries: z.array(IndexEntry) });
export type TreeIndex = Readonly<z.infer<typeof TreeIndex>>;

/** What a layer adds, and what of the layers below it hides. */
export const LayerIndex = TreeIndex.extend({
  /** Paths that are gone. */
  whiteouts: z.array(z.string()),
  /** Folders whose former content is gone. */
  opaque: z.array(z.string()),
});
export type LayerIndex = Readonly<z.infer<typeof LayerIndex>>;
