/** What a boot serves from its begin to its end, also after a restart of the service: boot/<generation id>.json in the state directory. */
import { z } from 'zod';

import { Generation } from './generation.ts';

const Attributes = { path: z.string(), mode: z.int(), uid: z.int(), gid: z.int() };

/** model/node-file.ts as JSON. */
const FrozenFile = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('file'),
    ...Attributes,
    bytes: z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64')),
  }),
  z.strictObject({ kind: z.literal('directory'), ...Attributes }),
  z.strictObject({ kind: z.literal('link'), path: z.string(), target: z.string() }),
  z.strictObject({ kind: z.literal('remove'), glob: z.string() }),
]);

export const FrozenBoot = z.strictObject({
  format: z.literal(1),
  generation: Generation,
  /** The frozen part of the overlay; holds no secret. */
  overlay: z.array(FrozenFile),
});
export type FrozenBoot = Readonly<z.infer<typeof FrozenBoot>>;

export function encodeFrozenBoot(frozen: FrozenBoot): string {
  const overlay = frozen.overlay.map((file) =>
    file.kind === 'file' ? { ...file, bytes: Buffer.from(file.bytes).toString('base64') } : file,
  );
  return `${JSON.stringify({ ...frozen, overlay })}\n`;
}
