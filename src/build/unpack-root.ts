/** A root that somebody made elsewhere: a folder or a tar file. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { digestFile, digestTree } from '../host/known-digests.ts';
import { copyFolder, extractTar, findStranger } from '../host/unpack-tree.ts';
import { ConfigError } from '../model/errors.ts';
import type { ResolvedBase } from '../model/image-base.ts';
import { sourcesDir, type BaseContext, type UnpackPlace } from './unpack-context.ts';

export type ResolvedRoot = Extract<ResolvedBase, { kind: 'root' }>;

export async function resolveRoot(root: string, context: BaseContext): Promise<ResolvedRoot> {
  const place = path.resolve(context.specDir, root);
  const options = { folder: sourcesDir(context), signal: context.signal };
  context.progress.detail(`reading ${root}`);
  const digest = (await isFolder(place, root)) ? await digestTree(place, options) : await digestFile(place, options);
  return { kind: 'root', digest, describe: root, from: { path: root } };
}

export async function unpackRoot({ from }: ResolvedRoot, { target }: UnpackPlace, context: BaseContext): Promise<void> {
  const place = path.resolve(context.specDir, from.path);
  context.progress.detail(`copying ${from.path}`);
  if (await isFolder(place, from.path)) {
    await refuseStrangers(place, context.signal);
    await copyFolder(place, target, context.signal);
  } else await extractTar(place, target, context.signal);
}

async function refuseStrangers(folder: string, signal: AbortSignal): Promise<void> {
  const stranger = await findStranger(folder, signal);
  if (stranger === undefined) return;
  throw new ConfigError(`${stranger} is of somebody else, and a build without root cannot tell of whom`, {
    hint: 'Give base.root a tar file with numeric owners instead of the folder, or build with sudo.',
  });
}

async function isFolder(place: string, root: string): Promise<boolean> {
  const found = await stat(place).catch(() => undefined);
  if (found?.isDirectory() === true) return true;
  if (found?.isFile() === true) return false;
  throw new ConfigError(`there is no root at ${place}`, {
    hint: `Look at "base: { root: ${root} }" in image.yaml: it must be a folder or a tar file.`,
  });
}
