/** Published image versions: <state>/exports/images/<name>/<version>/{manifest.json,manifest.sig,index.json.gz,root/,boot/}. Immutable once named. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { ImageManifest } from '../model/manifest.ts';
import { parseJson, type JsonProblem } from './json-file.ts';
import { run } from './process.ts';
import { sweepStore, syncFolder, torsoPrefix } from './store-sweep.ts';
import { isFolder } from './tree.ts';
import { ifNoPlace } from './missing.ts';

/** A file system of its own: NFS handles reach all of it. */
export function exportsDir(stateDir: string): string {
  return path.join(stateDir, 'exports');
}

/** Another one, for trees that nodes may write to. */
export function persistentDir(stateDir: string): string {
  return path.join(stateDir, 'persistent');
}

export function imagesDir(stateDir: string): string {
  return path.join(exportsDir(stateDir), 'images');
}

/** Squash files of versions: `<image>/<version>/`. Made from them, and removed with them. */
export function squashDir(stateDir: string): string {
  return path.join(exportsDir(stateDir), 'squash');
}

/** A folder among the versions that cannot be read as one: nodes are not offered it. */
export interface DamagedVersion {
  readonly name: string;
  readonly version: string;
  /** `its manifest.json is missing` */
  readonly problem: string;
}

export interface StoredImages {
  /** Image name -> its complete versions, newest first. */
  readonly images: Map<string, ImageManifest[]>;
  readonly damaged: readonly DamagedVersion[];
}

/** One that is damaged keeps nobody from the others. */
export async function readStore(exportsImagesDir: string): Promise<StoredImages> {
  const images = new Map<string, ImageManifest[]>();
  const damaged: DamagedVersion[] = [];
  for (const name of await visibleNames(exportsImagesDir)) {
    const read = await readVersions(exportsImagesDir, name);
    if (read.versions.length > 0) images.set(name, read.versions);
    damaged.push(...read.damaged);
  }
  return { images, damaged };
}

/** Image name -> its complete versions, newest first. */
export async function listImages(exportsImagesDir: string): Promise<StoredImages['images']> {
  return (await readStore(exportsImagesDir)).images;
}

/** Complete versions of one image, newest first. */
export async function listVersions(exportsImagesDir: string, name: string): Promise<ImageManifest[]> {
  return (await readVersions(exportsImagesDir, name)).versions;
}

/** Whatever lies where a version would: a name that is taken is not given again. */
export function takenVersions(exportsImagesDir: string, name: string): Promise<string[]> {
  return readdir(path.join(exportsImagesDir, name)).catch(ifNoPlace([]));
}

type ReadVersion = { readonly manifest: ImageManifest } | DamagedVersion | undefined;

async function readVersions(
  exportsImagesDir: string,
  name: string,
): Promise<{ versions: ImageManifest[]; damaged: DamagedVersion[] }> {
  const folders = (await visibleNames(path.join(exportsImagesDir, name))).filter(isVersionName);
  const read = await Promise.all(folders.map((version) => readVersion(exportsImagesDir, { name, version })));
  const manifests = read.flatMap((each) => (each !== undefined && 'manifest' in each ? [each.manifest] : []));
  const damaged = read.flatMap((each) => (each !== undefined && 'problem' in each ? [each] : []));
  return { versions: newestFirst(manifests), damaged: newestFirst(damaged) };
}

export const newestFirst = <T extends { readonly version: string }>(versions: readonly T[]): T[] =>
  versions.toSorted((a, b) => compareVersions(b.version, a.version));

/** A `lost+found` is none. */
const isVersionName = (folder: string) => ImageManifest.shape.version.safeParse(folder).success;

async function visibleNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifNoPlace([]));
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
}

/** @returns undefined when it was removed meanwhile */
async function readVersion(exportsImagesDir: string, of: { name: string; version: string }): Promise<ReadVersion> {
  const folder = path.join(exportsImagesDir, of.name, of.version);
  try {
    const text = await readFile(path.join(folder, manifestFileName), 'utf8').catch(ifNoPlace(undefined));
    if (text !== undefined) return { manifest: parseJson(text, ImageManifest, notAManifest) };
    return (await isFolder(folder)) ? { ...of, problem: `its ${manifestFileName} is missing` } : undefined;
  } catch (error) {
    const what = error instanceof HostError ? 'is damaged' : 'cannot be read';
    return { ...of, problem: `its ${manifestFileName} ${what}: ${(error as Error).message}` };
  }
}

const notAManifest = ({ at = '', message }: JsonProblem) => new HostError(at === '' ? message : `${at}: ${message}`);

/** By day, then by counter as a number: 20261121.10 is newer than 20261121.9. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** A place for a version that is being made, beside the published ones. Remains of dead builds are removed first. */
export async function beginVersion(exportsImagesDir: string, name: string): Promise<string> {
  const folder = path.join(exportsImagesDir, name);
  await mkdir(folder, { recursive: true });
  await sweepStore(exportsImagesDir);
  const torso = path.join(folder, `${torsoPrefix}${process.pid}`);
  await mkdir(torso, { recursive: true });
  return torso;
}

/** What is needed to give a version its name. */
export interface PublishOptions {
  readonly signal: AbortSignal;
  /** Of the text of manifest.json, whose digests hold all the rest. */
  readonly sign?: (manifest: string) => Uint8Array;
}

export const manifestFileName = 'manifest.json';
export const signatureFileName = 'manifest.sig';

/** Names the version: everything is on the disk before it is seen, and it is seen whole. */
export async function publishVersion(
  torso: string,
  manifest: ImageManifest,
  { signal, sign }: PublishOptions,
): Promise<string> {
  const folder = path.dirname(torso);
  const target = path.join(folder, manifest.version);
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  await writeFile(path.join(torso, manifestFileName), text, { flag: 'wx', mode: 0o644 });
  if (sign !== undefined) await writeFile(path.join(torso, signatureFileName), sign(text), { flag: 'wx', mode: 0o644 });
  await run(['sync', '--file-system', torso], { signal });
  await rename(torso, target);
  await syncFolder(folder);
  return target;
}
