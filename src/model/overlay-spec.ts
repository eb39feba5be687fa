/** overlays/<name>/overlay.yaml: what an overlay is for and how its files land on a node. */
import { z } from 'zod';

import { VariableName } from './names.ts';

/** Relative to the node's root: `etc/munge/munge.key`. */
export const nodePath = /^[A-Za-z0-9._@+:-]+(?:\/[A-Za-z0-9._@+:-]+)*$/;

const NodePath = z
  .string()
  .regex(nodePath, 'a path on the node without leading "/"')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'a path must not contain ".."');

/** The same, with * and ? in it. */
const NodeGlob = z
  .string()
  .regex(
    /^[A-Za-z0-9._@+:*?-]+(?:\/[A-Za-z0-9._@+:*?-]+)*$/,
    'a path on the node without leading "/" (* and ? allowed)',
  )
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'a path must not contain ".."');

const UnitName = z.string().regex(/^[A-Za-z0-9:_.@-]+$/, 'a systemd unit name');

export const OverlayFile = z.strictObject({
  /** `user` or `user:group`, by name in the image that the node boots. */
  owner: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*(?::[a-z_][a-z0-9_-]*)?$/, 'a user, or user:group')
    .default('root'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3,4}$/, 'an octal mode in quotes, for example "0400"')
    .optional(),
  /** The file's content is this secret; there is no file of that name under files/. */
  secret: VariableName.optional(),
  /** Always current, also after a fall-back; not part of the generation. */
  live: z.boolean().default(false),
  /** Where its template renders to nothing there is no such file on the node. */
  skipEmpty: z.boolean().default(false),
});
export type OverlayFile = Readonly<z.infer<typeof OverlayFile>>;

export const OverlaySpec = z.strictObject({
  summary: z.string(),
  needs: z
    .strictObject({ vars: z.array(VariableName).default([]), secrets: z.array(VariableName).default([]) })
    .prefault({}),
  /** Files and folders whose owner, mode or kind differ from root:root 0644/0755. */
  files: z.record(NodePath, OverlayFile).default({}),
  units: z.strictObject({ enable: z.array(UnitName).default([]), mask: z.array(UnitName).default([]) }).prefault({}),
  remove: z.array(NodeGlob).default([]),
});
export type OverlaySpec = Readonly<z.infer<typeof OverlaySpec>>;
