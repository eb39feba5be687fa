/** exports/squash/<image>/<version>/: the root of a version as one compressed file. Made by mksquashfs; equal trees make equal bytes. */
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { SquashFile, versionId, type PersistentTree } from '../model/root-mode.ts';
import { sha256OfFile } from './deb-store.ts';
import { readJsonFile } from './json-file.ts';
import { run } from './process.ts';
import { syncFolder } from './store-sweep.ts';
import { sweepUnfinished } from './sweep-unfinished.ts';
import { ifMissing } from './missing.ts';

export interface SquashSpec {
  /** Image and version: the folder that it goes to. */
  readonly of: PersistentTree;
  /** The tree that it holds. */
  readonly root: string;
  readonly squashDir: string;
  /** The one date that it does not take from the tree. */
  readonly epochSeconds: number;
  readonly signal: AbortSignal;
}

const squashName = 'root.squashfs';
const recordName = 'root.json';

/** Of mksquashfs: level 3 of zstd is within a tenth of level 15, for a twentieth of the work. */
const options = ['-comp', 'zstd', '-Xcompression-level', '3', '-xattrs', '-noappend', '-no-progress', '-quiet'];

/** Whole under its name, or not there. Whoever was quicker has made the same. */
export async function makeSquashfs(spec: SquashSpec): Promise<SquashFile> {
  const { of, root, squashDir, epochSeconds, signal } = spec;
  const folder = path.join(squashDir, of.name);
  const target = path.join(folder, of.version);
  const torso = path.join(folder, `.tmp-${process.pid}-${of.version}`);
  try {
    await rm(torso, { recursive: true, force: true });
    await mkdir(torso, { recursive: true });
    const file = path.join(torso, squashName);
    // A storage node that serves must not feel it.
    const argv = ['nice', '-n', '10', 'mksquashfs', root, file, ...options] as const;
    await run(argv, { signal, env: { SOURCE_DATE_EPOCH: String(epochSeconds) } });
    await chmod(file, 0o644);
    const made = { sha256: await sha256OfFile(file), sizeBytes: (await stat(file)).size };
    await writeFile(path.join(torso, recordName), `${JSON.stringify(made)}\n`);
    await run(['sync', '--file-system', torso], { signal });
    await nameIt(torso, target);
    return (await readSquash(target)) ?? made;
  } catch (error) {
    if (signal.aborted) throw error;
    const hint = 'Look for free space there; mksquashfs comes with "apt install squashfs-tools".';
    throw new HostError(`cannot make the squashfs of ${versionId(of)}`, { cause: error, hint });
  } finally {
    await rm(torso, { recursive: true, force: true });
  }
}

async function nameIt(torso: string, target: string): Promise<void> {
  await rename(torso, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await syncFolder(path.dirname(target));
}

/** `name@version` -> its file. */
export async function listSquashes(squashDir: string): Promise<Map<string, SquashFile>> {
  const found = new Map<string, SquashFile>();
  for (const name of await visibleNames(squashDir)) {
    for (const version of await visibleNames(path.join(squashDir, name))) {
      const file = await readSquash(path.join(squashDir, name, version));
      if (file !== undefined) found.set(versionId({ name, version }), file);
    }
  }
  return found;
}

function readSquash(folder: string): Promise<SquashFile | undefined> {
  const file = path.join(folder, recordName);
  return readJsonFile<SquashFile | undefined>({ file, schema: SquashFile, empty: undefined });
}

/** @returns what is wrong with the file that was made of a version; empty where there is none, and where it is as it was made */
export async function verifySquash(squashDir: string, { name, version }: PersistentTree): Promise<string[]> {
  const folder = path.join(squashDir, name, version);
  if ((await readdir(folder).catch(() => undefined)) === undefined) return [];
  const [file, record] = [path.join(folder, squashName), path.join(folder, recordName)];
  const made = await readSquash(folder).catch((error: Error) => error);
  if (made instanceof Error) return [made.message];
  if (made === undefined) return [`${record} is missing`];
  const sha256 = await sha256OfFile(file).catch(ifMissing(undefined));
  if (sha256 === undefined) return [`${file} is missing`];
  return sha256 === made.sha256 ? [] : [`${file} has another content`];
}

/** Names without what is still being made. */
export async function visibleNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => !name.startsWith('.')).toSorted();
}

/** What processes that are gone have left in the making or half removed, in one of the folders of `dir`, or in all of them. */
export async function sweepTorsos(dir: string, only?: string): Promise<void> {
  for (const name of only === undefined ? await visibleNames(dir) : [only]) {
    await sweepUnfinished(path.join(dir, name), { isOursToo: true });
  }
}
