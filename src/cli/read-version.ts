/** A version with the index of its tree, as commands name it. */
import path from 'node:path';

import { indexFileName, readTreeIndex } from '../host/index-file.ts';
import { imagesDir, listImages } from '../host/image-store.ts';
import { chooseImage } from '../plan/choose-image.ts';
import type { ImageSide } from '../plan/image-diff.ts';
import type { Paths } from './context.ts';

export interface ReadVersion extends ImageSide {
  readonly folder: string;
}

/** @param reference NAME or NAME@VERSION */
export async function readVersion(reference: string, paths: Paths): Promise<ReadVersion> {
  const images = imagesDir(paths.state);
  const manifest = chooseImage(reference, await listImages(images));
  const folder = path.join(images, manifest.name, manifest.version);
  return { manifest, folder, index: await readTreeIndex(path.join(folder, indexFileName), manifest.index) };
}
