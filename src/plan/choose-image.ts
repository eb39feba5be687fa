/** Which version of an image does a role's reference mean? */
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { didYouMean, nearest } from '../model/nearest.ts';

/**
 * @param reference `debian-lite` for the newest version, `debian-lite@20261121.1` for that one
 * @param images published versions by name, newest first
 */
export function chooseImage(reference: string, images: ReadonlyMap<string, readonly ImageManifest[]>): ImageManifest {
  const [name = '', version] = reference.split('@');
  const versions = images.get(name) ?? [];
  const newest = versions[0];
  if (newest === undefined) throw noSuchImage(name, images.keys());
  if (version === undefined) return newest;
  const pinned = versions.find((manifest) => manifest.version === version);
  if (pinned !== undefined) return pinned;
  const known = versions.map((manifest) => manifest.version);
  throw new ConfigError(`the image ${name} has no version ${version}${didYouMean(version, known)}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}

/** @param known names of images that there are */
export function noSuchImage(name: string, known: Iterable<string>): ConfigError {
  const names = [...known];
  const meant = names.includes(name) ? undefined : nearest(name, names);
  return new ConfigError(`there is no version of the image ${name}`, {
    hint: meant === undefined ? `Run "pi-image build ${name}".` : `Did you mean ${meant}?`,
  });
}
