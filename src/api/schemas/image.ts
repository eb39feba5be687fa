/** Versions of images: which one a role boots, and which ones stay. */
import { z } from 'zod';

import { ImageManifest } from '../../model/manifest.ts';
import { Image, imageExample } from './service.ts';

export const ImageRequest = z.strictObject({
  /** `previous`, `newest`, or the name of a version. */
  version: z.string().min(1),
  /** Also what a node that is held did not come up in before. */
  retry: z.boolean().optional(),
});
export type ImageRequest = Readonly<z.output<typeof ImageRequest>>;

export const ImageChange = z.strictObject({
  name: z.string(),
  from: z.string(),
  to: z.string(),
  dryRun: z.boolean(),
  isChanged: z.boolean(),
  /** Those whose next boot it decides. */
  nodes: z.array(z.string()),
});
export type ImageChange = Readonly<z.output<typeof ImageChange>>;

export const PinRequest = z.strictObject({ isPinned: z.boolean() });
export type PinRequest = Readonly<z.output<typeof PinRequest>>;

export const PinChange = z.strictObject({
  image: z.string(),
  version: z.string(),
  isPinned: z.boolean(),
  dryRun: z.boolean(),
  isChanged: z.boolean(),
});
export type PinChange = Readonly<z.output<typeof PinChange>>;

/** One version, with what it is made of. */
export const ShownImage = Image.extend({
  kernels: ImageManifest.shape.kernels,
  packages: ImageManifest.shape.packages,
  rootFiles: z.int(),
  /** So many, of so many bytes. */
  bootFiles: z.int(),
  bootBytes: z.int(),
});
export type ShownImage = Readonly<z.output<typeof ShownImage>>;

export const shownImageExample = {
  ...imageExample,
  kernels: [{ release: '6.12.48-arm64', kernel: 'vmlinuz', initramfs: 'initramfs', boards: ['pi4', 'pi5'] }],
  packages: [{ name: 'slurmd', version: '24.11.5-4', architecture: 'arm64' }],
  rootFiles: 31_204,
  bootFiles: 42,
  bootBytes: 61_000_000,
};

export const imageChangeExample = {
  name: 'compute',
  from: 'debian-lite@20261121.2',
  to: 'debian-lite@20261121.1',
  dryRun: false,
  isChanged: true,
  nodes: ['node01', 'node02'],
};

export const pinChangeExample = {
  image: 'debian-lite',
  version: '20261121.1',
  isPinned: true,
  dryRun: false,
  isChanged: true,
};
