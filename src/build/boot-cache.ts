/** Boot files and initramfs of earlier builds, by what they are made of: another package in the root changes nothing about them. */
import { copyFile, lstat, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { sha256OfFile } from '../host/deb-store.ts';
import { imagesDir } from '../host/image-store.ts';
import { readJsonFile } from '../host/json-file.ts';
import { StoreObjects } from '../host/store-objects.ts';
import { listFiles } from '../host/tree.ts';
import { KeptBootFiles } from '../model/boot-cache.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { cacheKey } from '../plan/cache-key.ts';
import { canonicalJson, sha256 } from '../plan/canonical-json.ts';
import { ObjectNames } from '../plan/store-objects.ts';
import { bootFile } from './adopt-boot-files.ts';
import { bootFolders, makeBootFiles, makeInitramfs } from './assemble.ts';
import { buildPaths, type RunningBuild } from './running-build.ts';

/** Some 50 MB each; the oldest go. */
const keptSets = 8;

export async function restoreBootFiles(args: BuildStepArgs['boot-files'], build: RunningBuild): Promise<void> {
  const dir = path.join(buildPaths(build.stateDir).boot, bootKey(args.key, build));
  build.found.bootCache = (await restore(dir, build)) ? 'restored' : dir;
  if (build.found.bootCache !== 'restored') await makeBootFiles(args, build);
}

export async function keepInitramfs(args: BuildStepArgs['initramfs'], build: RunningBuild): Promise<void> {
  const dir = build.found.bootCache;
  if (dir === 'restored') return;
  await makeInitramfs(args, build);
  if (dir !== undefined) await keep(dir, build);
}

/** Over all of the root that can become a boot file: kernels with their modules, device trees and firmware. */
function bootKey(image: string, { found }: RunningBuild): string {
  const files = [...found.placed].flatMap(([name, { entry }]) =>
    entry.kind === 'file' && isBoot(name) ? [[name, entry.sha256] as const] : [],
  );
  return cacheKey({ step: 'boot', image, files: sha256(canonicalJson(Object.fromEntries(files))) }).key;
}

function isBoot(file: string): boolean {
  return bootFolders.some((folder) => file.startsWith(folder));
}

async function restore(dir: string, build: RunningBuild): Promise<boolean> {
  const file = path.join(dir, 'made.json');
  const kept = await readJsonFile<KeptBootFiles | undefined>({ file, schema: KeptBootFiles, empty: undefined });
  if (kept === undefined) return false;
  const boot = path.join(build.torso, 'boot');
  await rm(boot, { recursive: true, force: true });
  const place = placer(build);
  for (const [name, digest] of Object.entries(kept.files)) {
    const [from, to] = [path.join(dir, 'boot', name), path.join(boot, name)];
    await mkdir(path.dirname(to), { recursive: true });
    if (await place({ name, digest, from, to })) continue;
    build.progress.note(`${from} is damaged: the boot files are made anew`);
    await rm(boot, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
    return false;
  }
  build.found.kernels = kept.kernels;
  const now = build.now();
  await utimes(dir, now, now);
  return true;
}

interface KeptFile {
  readonly name: string;
  readonly digest: string;
  readonly from: string;
  readonly to: string;
}

/** The store has most of them as files of earlier versions. @returns false for one that is damaged */
function placer({ stateDir, signal }: RunningBuild): (file: KeptFile) => Promise<boolean> {
  const objects = new StoreObjects(imagesDir(stateDir), signal);
  const names = new ObjectNames();
  return async ({ name, digest, from, to }) => {
    try {
      if (objects.link(names.of(bootFile(name, digest, await lstat(from))), to)) return true;
      await copyFile(from, to);
      return (await sha256OfFile(to)) === digest;
    } catch {
      return false;
    }
  };
}

async function keep(dir: string, build: RunningBuild): Promise<void> {
  const boot = path.join(build.torso, 'boot');
  const fresh = `${dir}.${process.pid}.new`;
  await rm(fresh, { recursive: true, force: true });
  const files: Record<string, string> = {};
  for (const name of await listFiles(boot, [''])) {
    const copy = path.join(fresh, 'boot', name);
    await mkdir(path.dirname(copy), { recursive: true });
    await copyFile(path.join(boot, name), copy);
    files[name] = await sha256OfFile(copy);
  }
  const kernels = build.found.kernels.map((kernel) => ({ ...kernel, boards: [...kernel.boards] }));
  const made: KeptBootFiles = { format: 1, kernels, files };
  await writeFile(path.join(fresh, 'made.json'), `${JSON.stringify(made, null, 1)}\n`);
  await rm(dir, { recursive: true, force: true });
  await rename(fresh, dir);
  await forgetOldest(path.dirname(dir));
}

async function forgetOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  const ages = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(path.join(folder, name))).mtimeMs })),
  );
  const old = ages.toSorted((a, b) => b.at - a.at).slice(keptSets);
  for (const { name } of old) await rm(path.join(folder, name), { recursive: true, force: true });
}
