/** The image of a card: found, downloaded and decompressed in one pass, and its partitions copied into one tree. */
import { readFile, stat, utimes } from 'node:fs/promises';
import path from 'node:path';

import { copyExt4, copyFat, imageForm, readStart, unpackImage } from '../host/disk-image.ts';
import { downloadedFile, downloadStream, isDownloaded, type DownloadRequest } from '../host/download.ts';
import { digestFile } from '../host/known-digests.ts';
import { makeFolders, placeInTree } from '../host/tree.ts';
import { ConfigError } from '../model/errors.ts';
import type { CardImageBase, ResolvedBase } from '../model/image-base.ts';
import { bootFolder, partitionTableBytes, planCard } from '../plan/card-image.ts';
import { chooseFromCatalog, officialCatalog } from '../plan/os-list.ts';
import { readCatalog } from './read-catalog.ts';
import { offlineError, sourcesDir, type BaseContext, type UnpackPlace } from './unpack-context.ts';

export type ResolvedImage = Extract<ResolvedBase, { kind: 'image' }>;

export async function resolveImage(base: CardImageBase, context: BaseContext): Promise<ResolvedImage> {
  if ('file' in base) return resolveFile(base, context);
  if ('url' in base) {
    return { kind: 'image', digest: base.sha256, describe: path.posix.basename(base.url), from: { url: base.url } };
  }
  return resolveName(base, context);
}

async function resolveFile(base: { file: string; sha256?: string }, context: BaseContext): Promise<ResolvedImage> {
  const file = path.resolve(context.specDir, base.file);
  if ((await stat(file).catch(() => undefined))?.isFile() !== true) {
    throw new ConfigError(`there is no image at ${file}`, { hint: 'Look at base.image.file in image.yaml.' });
  }
  context.progress.detail(`reading ${base.file}`);
  const digest = await digestFile(file, { folder: sourcesDir(context), signal: context.signal });
  if (base.sha256 !== undefined && base.sha256 !== digest) {
    throw new ConfigError(`${file} is not what it should be: its sha256 is ${digest}`, {
      hint: 'Download it again, or correct base.image.sha256 in image.yaml.',
    });
  }
  return { kind: 'image', digest, describe: path.basename(file), from: { file: base.file } };
}

async function resolveName(
  { name, catalog, sha256 }: { name: string; catalog?: string; sha256?: string },
  context: BaseContext,
): Promise<ResolvedImage> {
  const { locked } = context;
  const isLocked = locked?.kind === 'image' && locked.name === name && (sha256 ?? locked.digest) === locked.digest;
  if (isLocked) return locked;
  if (context.offline) throw offlineError(`what "${name}" is today`);
  context.progress.detail('reading the catalog');
  const images = await readCatalog(catalog ?? officialCatalog, context.signal);
  const chosen = chooseFromCatalog(images, name, sha256);
  const { url, sha256: digest } = chosen;
  return { kind: 'image', digest, describe: path.posix.basename(url), from: { url }, name };
}

export async function unpackCard(resolved: ResolvedImage, place: UnpackPlace, context: BaseContext): Promise<void> {
  const { signal, progress } = context;
  const image = await openCard(resolved, place, context);
  const { head, sizeBytes } = await readStart(image, partitionTableBytes);
  const { boot, root } = planCard(head, sizeBytes, resolved.describe);
  progress.detail('copying its root');
  const scratch = path.join(place.workDir, 'mount');
  await copyExt4(image, root, { target: place.target, scratch, signal });
  if (boot === undefined) return;
  progress.detail('copying its boot files');
  const relative = bootFolder(await readFstab(place.target));
  await makeFolders(place.target, relative);
  // Not the folder itself: it may be a link that leads out of the tree.
  const folder = path.dirname(await placeInTree(place.target, path.join(relative, 'config.txt')));
  // FAT gives its top folder no date, and mtools then one far ahead.
  const { atime, mtime } = await stat(folder);
  await copyFat(image, boot, { target: folder, signal });
  await utimes(folder, atime, mtime);
}

async function readFstab(root: string): Promise<string> {
  try {
    return await readFile(await placeInTree(root, 'etc/fstab'), 'utf8');
  } catch {
    return '';
  }
}

/** @returns the image as it would lie on the card */
async function openCard(resolved: ResolvedImage, place: UnpackPlace, context: BaseContext): Promise<string> {
  const { from, digest, describe } = resolved;
  const target = path.join(place.workDir, 'card.img');
  const { signal, progress } = context;
  if ('url' in from) {
    const request = downloadRequest(from.url, resolved, context);
    if (!(await isDownloaded(request))) return downloadCard(request, target, context);
  }
  const file =
    'url' in from
      ? downloadedFile({ folder: sourcesDir(context), sha256: digest })
      : path.resolve(context.specDir, from.file);
  const form = imageForm((await readStart(file, 16)).head);
  if (form === 'img') return file;
  progress.detail(`unpacking ${describe}`);
  await unpackImage(form, file, { target, signal });
  return target;
}

async function downloadCard(request: DownloadRequest, target: string, context: BaseContext): Promise<string> {
  if (context.offline) throw offlineError(request.url);
  const stream = downloadStream(request);
  const { value: first, done } = await stream.next();
  const form = done === true ? 'img' : imageForm(first);
  const whole = joined(done === true ? undefined : first, stream);
  if (form !== 'img') {
    await unpackImage(form, whole, { target, signal: context.signal });
    return target;
  }
  for await (const _ of whole) context.signal.throwIfAborted();
  return downloadedFile(request);
}

async function* joined(first: Uint8Array | undefined, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first !== undefined) yield first;
  yield* rest;
}

function downloadRequest(url: string, { digest, describe }: ResolvedImage, context: BaseContext): DownloadRequest {
  return {
    url,
    sha256: digest,
    folder: sourcesDir(context),
    onBytes: (done, total) => {
      const share =
        total === undefined ? '' : `${Math.floor((done * 100) / Math.max(1, total))} % of ${megabytes(total)} MB of `;
      context.progress.detail(`downloading ${share === '' ? `${megabytes(done)} MB of ` : share}${describe}`);
    },
    signal: context.signal,
  };
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1e6);
}
