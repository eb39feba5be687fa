/** The file system of a container image: its layers laid over one another. */
import { mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

import { digestFile } from '../host/known-digests.ts';
import { applyLayer, everythingIn, foldersInTheWay, listLayer } from '../host/oci-layer.ts';
import { run } from '../host/process.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { OciBase, ResolvedBase } from '../model/image-base.ts';
import { parseRegistryPlace, parseTarName, planRemovals } from '../plan/oci.ts';
import { archiveMembers, findImage, findInRegistry, folderMembers, pullFrom, type OciImage } from './read-oci.ts';
import { sourcesDir, type BaseContext, type UnpackPlace } from './unpack-context.ts';

export type ResolvedOci = Extract<ResolvedBase, { kind: 'oci' }>;

export async function resolveOci(base: OciBase, context: BaseContext): Promise<ResolvedOci> {
  const { signal } = context;
  if ('registry' in base) {
    const { digest } = parseRegistryPlace(base.registry);
    return { kind: 'oci', digest: digest.slice('sha256:'.length), describe: base.registry, from: base };
  }
  if ('layout' in base) {
    const folder = await requirePlace(base.layout, 'layout', context);
    const { digest } = await findImage(folderMembers(folder), base.layout);
    return { kind: 'oci', digest, describe: base.layout, from: base };
  }
  const archive = await requirePlace(base.archive, 'archive', context);
  context.progress.detail(`reading ${base.archive}`);
  const find = async () => (await findImage(await archiveMembers(archive, signal), base.archive)).digest;
  const digest = await digestFile(archive, { folder: sourcesDir(context), signal }, find);
  return { kind: 'oci', digest, describe: base.archive, from: base };
}

async function requirePlace(given: string, kind: 'layout' | 'archive', { specDir }: BaseContext): Promise<string> {
  const place = path.resolve(specDir, given);
  const found = await stat(place).catch(() => undefined);
  if (kind === 'layout' ? found?.isDirectory() === true : found?.isFile() === true) return place;
  throw new ConfigError(`there is no ${kind === 'layout' ? 'folder' : 'file'} ${place}`, {
    hint: `Look at base.oci.${kind} in image.yaml.`,
  });
}

export async function unpackOci(resolved: ResolvedOci, place: UnpackPlace, context: BaseContext): Promise<void> {
  const { image, fileOf } = await openImage(resolved, place, context);
  const { target, workDir } = place;
  const { progress, signal } = context;
  await mkdir(target, { mode: 0o755 });
  for (const [index, layer] of image.layers.entries()) {
    const file = await fileOf(layer);
    progress.detail(`unpacking layer ${index + 1} of ${image.layers.length}`);
    const entries = (await listLayer({ ...layer, file }, signal)).map(parseTarName);
    const { paths, everything } = planRemovals(entries);
    const files = index === 0 ? [] : entries.filter(({ isFolder }) => !isFolder).map((entry) => entry.path);
    const removals = [...(everything ? await everythingIn(target) : paths), ...(await foldersInTheWay(target, files))];
    await applyLayer(file, { root: target, removals, scratch: workDir, signal });
  }
}

interface OpenedImage {
  readonly image: OciImage;
  readonly fileOf: (layer: OciImage['layers'][number]) => Promise<string>;
}

async function openImage(resolved: ResolvedOci, { workDir }: UnpackPlace, context: BaseContext): Promise<OpenedImage> {
  const { from, describe } = resolved;
  const { signal } = context;
  if ('registry' in from) {
    const image = await findInRegistry(from.registry, context);
    const fileOf = ({ digest = '' }: { digest?: string | undefined }) =>
      pullFrom(from.registry, digest, { kind: 'blobs', context });
    return { image, fileOf };
  }
  const folder = 'layout' in from ? await requirePlace(from.layout, 'layout', context) : path.join(workDir, 'archive');
  if ('archive' in from) {
    await mkdir(folder);
    const archive = await requirePlace(from.archive, 'archive', context);
    context.progress.detail(`reading ${from.archive}`);
    await run(['tar', '--extract', '--no-same-owner', '--file', archive, '--directory', folder], { signal });
  }
  const image = await findImage(folderMembers(folder), describe);
  if (image.digest !== resolved.digest) {
    throw new HostError(`${describe} has changed since it was looked at`, { hint: 'Build again.' });
  }
  return { image, fileOf: (layer) => layerFile(folder, layer.name, describe) };
}

/** Old archives of docker's link layers to each other; nothing may lead out of there. */
async function layerFile(folder: string, name: string, what: string): Promise<string> {
  const base = await realpath(folder);
  const file = await realpath(path.join(base, name)).catch(() => undefined);
  if (file?.startsWith(`${base}/`) === true) return file;
  throw new ConfigError(`${what} lacks its layer ${name}`, { hint: 'Save it again, with "--platform linux/arm64".' });
}
