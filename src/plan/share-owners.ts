/** Who owns the top folder of each share? Its owner's ids in the image of a role that mounts it. */
import { PiImageError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { ClusterView } from '../model/view.ts';
import { chooseImage } from './choose-image.ts';

export interface ShareOwner {
  readonly name: string;
  readonly path: string;
  /** undefined as long as no image says them, or when nobody is named. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
}

export function planShareOwners({ cluster, images }: Pick<ClusterView, 'cluster' | 'images'>): ShareOwner[] {
  return cluster.shares.map(({ name: share, path, owner, roles }) => {
    if (owner === undefined) return { name: share, path, ids: undefined };
    const users = Object.entries(cluster.roles).filter(([name]) => roles === undefined || roles.includes(name));
    const ids = users.map(([, role]) => idsIn(newest(role.image, images), owner)).find((found) => found !== undefined);
    return { name: share, path, ids };
  });
}

function newest(reference: string, images: ClusterView['images']): ImageManifest | undefined {
  try {
    return chooseImage(reference, images);
  } catch (error) {
    if (error instanceof PiImageError) return undefined;
    throw error;
  }
}

function idsIn(manifest: ImageManifest | undefined, owner: string): ShareOwner['ids'] {
  const uid = manifest?.users[owner];
  return uid === undefined ? undefined : { uid, gid: manifest?.groups[owner] ?? uid };
}
