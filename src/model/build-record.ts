/** What builds leave for the next one: layer.json beside each layer, builds/<image>.json and ids/<image>.json. */
import { z } from 'zod';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const KeyParts = z.record(z.string(), z.string());
const Ids = z.record(z.string(), z.int());

/** A complete layer. */
export const LayerRecord = z.strictObject({
  format: z.literal(1),
  /** What was asked for; the folder's name differs where another image's layer has other user numbers. */
  wanted: Sha256,
  parts: KeyParts,
  /** Digest of what it holds. */
  content: Sha256.optional(),
  /** Digest of the text of its index. */
  index: Sha256.optional(),
  /** Its parts, with the content below it instead of that content's keys. */
  contentKey: Sha256.optional(),
  /** Numbers in its passwd and group. */
  users: Ids,
  groups: Ids,
});
export type LayerRecord = Readonly<z.infer<typeof LayerRecord>>;

/** The last published build of an image: what its keys were made of, by step. */
export const BuildRecord = z.strictObject({
  format: z.literal(1),
  parts: z.record(z.string(), KeyParts),
  /** Step -> part -> what it is a digest of: versions of packages, digests of files. */
  details: z.record(z.string(), z.record(z.string(), KeyParts)).optional(),
});
export type BuildRecord = Readonly<z.infer<typeof BuildRecord>>;

/** Numbers that an image family has given out, and whole lines of passwd and group to seed a new root with. */
export const IdRegistry = z.strictObject({
  format: z.literal(1),
  users: Ids,
  groups: Ids,
  passwd: z.array(z.string()),
  group: z.array(z.string()),
});
export type IdRegistry = Readonly<z.infer<typeof IdRegistry>>;

export const emptyIdRegistry: IdRegistry = { format: 1, users: {}, groups: {}, passwd: [], group: [] };
