/** Where an overlay's entries may land in an image, and whose they become there. */
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { didYouMean } from '../model/nearest.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import type { ClusterView } from '../model/view.ts';
import { parentsOf } from './overlay-merge.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * @param owner `munge`, or `root:adm`; the group of a user alone is the one with its name
 * @param place what asks, for messages
 */
export function resolveOwner(owner: string, manifest: ImageManifest, place: string): Owner {
  const [user = '', group = user] = owner.split(':');
  return {
    uid: resolve(user, { kind: 'user', ids: manifest.users, manifest, place }),
    gid: resolve(group, { kind: 'group', ids: manifest.groups, manifest, place }),
  };
}

function resolve(
  name: string,
  look: { kind: 'user' | 'group'; ids: Readonly<Record<string, number>>; manifest: ImageManifest; place: string },
): number {
  const id = look.ids[name];
  if (id !== undefined) return id;
  const image = `${look.manifest.name} ${look.manifest.version}`;
  const known = Object.keys(look.ids).toSorted();
  throw new ConfigError(`${look.place}: the image ${image} has no ${look.kind} ${name}${didYouMean(name, known)}`, {
    hint: `Add the package that makes it to the image, or name one of: ${known.join(', ')}.`,
  });
}

/** For who wants to see one path: an owner that the image lacks is no obstacle where it is another path's. */
export function withOwnerOf(path: string, view: ClusterView): ClusterView {
  const overlays = [...view.overlays].map(([name, source]) => [name, onlyOwnerOf(path, source)] as const);
  return { ...view, overlays: new Map(overlays) };
}

function onlyOwnerOf(path: string, source: OverlaySource): OverlaySource {
  const { spec } = source;
  const files = Object.entries(spec.files).map(([other, file]) => [
    other,
    other === path ? file : { ...file, owner: 'root' },
  ]);
  return { ...source, spec: { ...spec, files: Object.fromEntries(files) as typeof spec.files } };
}

/** A path through a link of the image would land somewhere else, outside of what was checked. */
export function refuseLinkedPath(path: string, manifest: ImageManifest, place: string): void {
  for (const [link, target] of Object.entries(manifest.folderLinks)) {
    const folder = link.replace(/^\//, '');
    if (folder !== path && !parentsOf(path).includes(folder)) continue;
    const rest = path.slice(folder.length);
    throw new ConfigError(`${place}: in the image ${manifest.name}, ${folder} is a link to ${target}`, {
      hint: `Put it where the link leads: ${resolvedLink(folder, target)}${rest}.`,
    });
  }
}

function resolvedLink(folder: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1);
  const parts = folder.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
