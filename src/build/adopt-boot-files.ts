/** Boot files of a version in the making: described for its manifest, and made names of the store's objects, as versions share most of them. */
import { lstatSync, type Stats } from 'node:fs';
import path from 'node:path';

import { sha256OfPlace } from '../host/index-tree.ts';
import { StoreObjects } from '../host/store-objects.ts';
import { walkTree } from '../host/tree.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { IndexedFile } from '../model/tree-index.ts';
import { ObjectNames } from '../plan/store-objects.ts';

export async function adoptBootFiles(
  boot: string,
  imagesDir: string,
  signal: AbortSignal,
): Promise<ImageManifest['bootFiles']> {
  const objects = new StoreObjects(imagesDir, signal);
  const names = new ObjectNames();
  const files: Record<string, { sha256: string; sizeBytes: number }> = {};
  for await (const { kind, path: name, sizeBytes } of walkTree(boot)) {
    signal.throwIfAborted();
    if (kind !== 'file') continue;
    const place = path.join(boot, name);
    const sha256 = sha256OfPlace(place);
    files[name] = { sha256, sizeBytes };
    objects.adopt(names.of(bootFile(name, sha256, lstatSync(place))), place);
  }
  return files;
}

/** As the store knows it. Nobody asks for its time: that of the first version with this content is as good as any. */
export function bootFile(name: string, sha256: string, { mode, uid, gid, size }: Stats): IndexedFile {
  return { kind: 'file', path: `boot/${name}`, mode: mode & 0o7777, uid, gid, time: 0, bytes: size, sha256 };
}
