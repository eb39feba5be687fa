/** A file system in a file: for trees that must share one with nothing else, where there is no partition for them. */
import { mkdir, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { isMountPoint } from './mounts.ts';
import { run } from './process.ts';
import { ifMissing } from './missing.ts';

export interface LoopFileSystem {
  /** The file that holds it. */
  readonly image: string;
  readonly mountPoint: string;
  readonly label: string;
  readonly sizeBytes: number;
  /** Takes its blocks now: it can never find the disk below it full. */
  readonly isReserved: boolean;
}

/** No device and no setuid program of it ever counts on this machine. */
export const loopOptions = 'loop,noatime,nodev,nosuid';

/** Mounts it, and makes it first where it is missing. What lay in the folder is in it afterwards. @returns false: it was mounted */
export async function ensureLoopFileSystem(spec: LoopFileSystem, signal: AbortSignal): Promise<boolean> {
  if (await isMountPoint(spec.mountPoint)) return false;
  if ((await stat(spec.image).catch(() => undefined)) === undefined) await makeWithContent(spec, signal);
  await setAside(spec);
  await mkdir(spec.mountPoint, { recursive: true });
  await mountLoop(spec, signal);
  await rm(asideOf(spec), { recursive: true, force: true });
  return true;
}

async function mountLoop({ image, mountPoint }: LoopFileSystem, signal: AbortSignal): Promise<void> {
  await run(['mount', '-t', 'ext4', '-o', loopOptions, '--', image, mountPoint], { signal });
}

/** Complete under its name or not there: a kill in between leaves what the next try removes. */
async function makeWithContent(spec: LoopFileSystem, signal: AbortSignal): Promise<void> {
  const fresh = `${spec.image}.new`;
  await mkdir(path.dirname(spec.image), { recursive: true });
  await rm(fresh, { force: true });
  try {
    await makeEmpty({ ...spec, image: fresh }, signal);
    if (!(await isEmptyOrMissing(spec.mountPoint))) await copyInto(fresh, spec, signal);
    await rename(fresh, spec.image);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

async function makeEmpty({ image, label, sizeBytes, isReserved }: LoopFileSystem, signal: AbortSignal): Promise<void> {
  await writeFile(image, '', { flag: 'wx', mode: 0o600 });
  await truncate(image, sizeBytes);
  const hint = 'Make room there, or ask for less with --exports-size and --shares-size.';
  if (isReserved) await run(['fallocate', '--length', String(sizeBytes), '--', image], { signal, hint });
  // What is not written now stays a hole.
  const lazy = ['-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1'];
  await run(['mke2fs', '-q', '-t', 'ext4', '-m', '0', ...lazy, '-L', label, '-F', '--', image], { signal });
}

async function copyInto(image: string, { mountPoint }: LoopFileSystem, signal: AbortSignal): Promise<void> {
  const place = `${image}.mounted`;
  await mkdir(place, { recursive: true });
  await run(['mount', '-t', 'ext4', '-o', loopOptions, '--', image, place], { signal });
  try {
    await run(['cp', '--archive', '--', `${mountPoint}/.`, place], { signal });
    await run(['sync', '--file-system', place], { signal });
  } finally {
    await run(['umount', '--', place], { signal: new AbortController().signal });
    await rm(place, { recursive: true, force: true });
  }
}

const asideOf = ({ mountPoint }: LoopFileSystem) => `${mountPoint}.before`;

/** Its content is in the file system: the folder below the mount would only take room. */
async function setAside(spec: LoopFileSystem): Promise<void> {
  if (await isEmptyOrMissing(spec.mountPoint)) return;
  const aside = asideOf(spec);
  if ((await stat(aside).catch(() => undefined)) !== undefined) {
    throw new HostError(`${spec.mountPoint} and ${aside} both hold files`, {
      hint: `Look at both, and remove the one that is not needed; what is in ${spec.image} is complete.`,
    });
  }
  await rename(spec.mountPoint, aside);
}

async function isEmptyOrMissing(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(ifMissing([]));
  return names.every((name) => name === 'lost+found');
}
