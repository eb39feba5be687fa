/** What commands about versions ask: who uses which, and what is pinned. Read from the files; no service is needed. */
import { access } from 'node:fs/promises';
import path from 'node:path';

import { readFrozenBoots } from '../host/frozen-boots.ts';
import { imagesDir, listImages, newestFirst, readStore, type StoredImages } from '../host/image-store.ts';
import { readBoots, readState } from '../host/state-file.ts';
import { isOfNamespace } from '../host/state-owner.ts';
import { PiImageError } from '../model/errors.ts';
import { readCost, type VersionCost } from '../host/version-cost.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { GcInput, GcVersion, VersionUse } from '../plan/gc.ts';
import { findImageUses, type UsedView } from '../plan/image-uses.ts';
import { systemState, type Paths } from './context.ts';
import { readMadeRoots, readView } from './view.ts';

export interface StoreFacts {
  /** All versions, newest first. */
  readonly images: GcInput['images'];
  /** Those of them that nodes are offered. */
  readonly offered: GcInput['offered'];
  readonly uses: readonly VersionUse[];
}

export async function readStoreFacts(paths: Paths): Promise<StoreFacts> {
  const view = await readUsedView(paths);
  const state = await readState(paths.state);
  const { boots } = await readBoots(paths.state);
  const used = new Set(boots.map(({ generation }) => generation));
  const frozen = await readFrozenBoots(path.join(paths.state, 'boot'), used);
  const generations = new Map([...frozen].map(([id, { generation }]) => [id, generation]));
  const trees = view.roots?.trees ?? new Map();
  const images = versionsIn(await readStore(imagesDir(paths.state)));
  return { images, offered: view.images, uses: findImageUses({ view, state, boots, generations, trees }) };
}

function versionsIn({ images, damaged }: StoredImages): Map<string, GcVersion[]> {
  const all: readonly GcVersion[] = [...[...images.values()].flat(), ...damaged];
  const names = new Set(all.map(({ name }) => name));
  return new Map([...names].map((name) => [name, newestFirst(all.filter((version) => version.name === name))]));
}

/** A user's builds need no cluster. The service's state without one is a mistake: no version would be anybody's. */
async function readUsedView(paths: Paths): Promise<UsedView> {
  if (!(await isOfBuilds(paths.state)) || !(await isMissing(paths.config))) return readView(paths);
  const [images, roots] = [await listImages(imagesDir(paths.state)), await readMadeRoots(paths.state)];
  return { images, roots, nodes: [] };
}

/** In a container the service's own may be of a namespace, too. */
const isOfBuilds = async (state: string) => state !== systemState && (await isOfNamespace(state));

const isMissing = (file: string) =>
  access(file).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  );

/** Whose use is not over, each once. */
export function usersOf({ name, version }: ImageManifest, uses: readonly VersionUse[]): string[] {
  const own = uses.filter(({ image, endedMs }) => image === `${name}@${version}` && endedMs === undefined);
  return [...new Set(own.map(({ why }) => why))];
}

export const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** undefined: there is no cluster.yaml yet, or the state is not ours to read. Then nobody is shown as a user. */
export async function readUses(paths: Paths): Promise<readonly VersionUse[] | undefined> {
  return (await readStoreFacts(paths).catch(ifNotOurs))?.uses;
}

/** undefined: a tree has folders that only root may read. */
export function readOwnCost(folder: string): Promise<VersionCost | undefined> {
  return readCost([folder]).catch(ifNotOurs);
}

function ifNotOurs(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (!(error instanceof PiImageError) && code !== 'EACCES') throw error;
}
