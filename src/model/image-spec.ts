/** images/<name>/image.yaml: what goes into an image. */
import { z } from 'zod';

import { BoardName } from './board.ts';
import { KernelArgument } from './cluster.ts';
import { Diskless } from './diskless.ts';
import { Base, PackageName } from './image-base.ts';
import { LayerGroup, LayerUser } from './image-users.ts';
import { ResourceName } from './names.ts';

/** systemd.unit(5); without a kind it is a service. */
const UnitName = z.string().regex(/^[A-Za-z0-9:_.@\\-]{1,255}$/, 'the name of a systemd unit');

const LayerUnits = z.strictObject({
  enable: z.array(UnitName).default([]),
  disable: z.array(UnitName).default([]),
  mask: z.array(UnitName).default([]),
});

/** Beside image.yaml; it cannot lead out of there. */
const Beside = z.string().regex(/^(?:\.\/)?[\w-][\w.-]*(?:\/[\w-][\w.-]*)*\/?$/, 'a file or folder beside image.yaml');

const Layer = z.strictObject({
  name: ResourceName,
  packages: z.array(PackageName).default([]),
  /** Purged, with their settings. */
  remove: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'a Debian package name')).default([]),
  groups: z.array(LayerGroup).default([]),
  users: z.array(LayerUser).default([]),
  /** Programs beside image.yaml, run inside the image one after the other. */
  run: z
    .array(z.string().regex(/^\.\/[\w.-]+(?:\/[\w.-]+)*$/, 'a program beside image.yaml, for example ./setup.sh'))
    .default([]),
  /** All that the programs see of what lies beside image.yaml; everything when it is not given. */
  inputs: z.array(Beside).optional(),
  network: z.boolean().default(false),
  /** A folder beside image.yaml whose tree is copied over the root; owners become root. */
  files: z
    .string()
    .regex(/^[\w.-]+(?:\/[\w.-]+)*\/?$/, 'a folder beside image.yaml')
    .optional(),
  units: LayerUnits.default({ enable: [], disable: [], mask: [] }),
});
export type Layer = Readonly<z.infer<typeof Layer>>;

/** Steps of every build that a layer could be mistaken for. */
const reservedNames = new Set(['base', 'updates', 'image']);

function checkNames(layers: readonly Layer[], context: z.RefinementCtx): void {
  const names = layers.map((layer) => layer.name);
  const complain = (index: number, message: string) => {
    context.addIssue({ code: 'custom', path: [index, 'name'], message });
  };
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index) complain(index, `there are two layers named ${name}`);
    if (reservedNames.has(name)) complain(index, `no layer can be named ${name}`);
  }
}

const Kernel = z.strictObject({
  /** Instead of the one that the boards get by themselves. */
  package: z
    .string()
    .regex(/^[a-z0-9][a-z0-9+.-]+(?:[=/][A-Za-z0-9.+:~-]+)?$/, 'a kernel package, NAME or NAME/SUITE')
    .optional(),
  /** Of every role that boots this image, before the role's own. */
  arguments: z.array(KernelArgument).default([]),
});

const Initramfs = z.strictObject({
  /** Loaded on every machine, beside those that its boards need. */
  modules: z.array(z.string().regex(/^[a-z0-9_-]+$/i, 'the name of a kernel module')).default([]),
});

export const ImageSpec = z.strictObject({
  summary: z.string().optional(),
  base: Base,
  layers: z.array(Layer).superRefine(checkNames).default([]),
  kernel: Kernel.default({ arguments: [] }),
  initramfs: Initramfs.default({ modules: [] }),
  diskless: Diskless.default({ keep: [] }),
  boards: z.array(BoardName).min(1),
});
export type ImageSpec = Readonly<z.infer<typeof ImageSpec>>;
