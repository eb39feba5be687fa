/** images/<name>/image.yaml: what goes into an image. */
import { z } from 'zod';

import { BoardName } from './board.ts';
import { AptBase, PackageName } from './image-base.ts';
import { ResourceName } from './names.ts';

/** Bases of other kinds are read by image-base.ts. */
const AptOnly = z.strictObject({ apt: AptBase }).meta({ later: ['image', 'root', 'oci'] });

const Layer = z.strictObject({
  name: ResourceName,
  packages: z.array(PackageName).default([]),
  /** A folder beside image.yaml whose tree is copied over the root; owners become root. */
  files: z
    .string()
    .regex(/^[\w.-]+(?:\/[\w.-]+)*\/?$/, 'a folder beside image.yaml')
    .optional(),
  /** Programs beside image.yaml, run inside the image one after the other. */
  run: z
    .array(z.string().regex(/^\.\/[\w.-]+(?:\/[\w.-]+)*$/, 'a program beside image.yaml, for example ./setup.sh'))
    .default([]),
  network: z.boolean().default(false),
});
export type Layer = Readonly<z.infer<typeof Layer>>;

function refuseDoubles(layers: readonly Layer[], context: z.RefinementCtx): void {
  const names = layers.map((layer) => layer.name);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) === index) continue;
    context.addIssue({ code: 'custom', path: [index, 'name'], message: `there are two layers named ${name}` });
  }
}

export const ImageSpec = z.strictObject({
  summary: z.string().optional(),
  base: AptOnly,
  layers: z.array(Layer).superRefine(refuseDoubles).default([]),
  boards: z.array(BoardName).min(1),
});
export type ImageSpec = Readonly<z.infer<typeof ImageSpec>>;
