/** Boot files of a version in the making: described for its manifest, and made names of the store's objects, as versions share most of them. */
import { lstatSync } from 'node:fs';
import path from 'node:path';

import { sha256OfPlace } from '../host/index-tree.ts';
import { StoreObjects } from '../host/store-objects.ts';
import { walkTree } from '../host/tree.ts';
import type { ImageManifest } from '../model/manifest.ts';
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
    const { mode, uid, gid } = lstatSync(place);
    const sha256 = sha256OfPlace(place);
    files[name] = { sha256, sizeBytes };
    // Nobody asks for its time: that of the first version with this content is as good as any.
    const attributes = { path: `boot/${name}`, mode: mode & 0o7777, uid, gid, time: 0 };
    objects.adopt(names.of({ kind: 'file', ...attributes, bytes: sizeBytes, sha256 }), place);
  }
  return files;
}
