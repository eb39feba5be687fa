/**
 * Programs of this machine's architecture, unpacked once from their packages: `programs/` with paths as in an image, and
 * `libraries/` with what they are linked to. They are laid over an image while packages are installed, never into it.
 */
import { linkSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { lstat, mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { NativePackage, NativeProgram } from '../model/native-programs.ts';
import { readElfMachine } from './elf.ts';
import { run } from './process.ts';
import { infoOf } from './tree.ts';

/** Debian's name of this machine's architecture, where its programs can stand in for an image's; undefined elsewhere. */
export function nativeArchitecture(): 'amd64' | undefined {
  return process.arch === 'x64' && process.platform === 'linux' ? 'amd64' : undefined;
}

const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib64'] as const;
const programFolders = ['usr/bin', 'usr/sbin', 'usr/lib/systemd', 'usr/lib/udev', 'usr/lib/dpkg'] as const;

/** $1 folder, then debs: one package's programs and libraries. tar says each name. */
const unpackScript = `
folder=$1; shift
dpkg-deb --fsys-tarfile "$1" | tar -C "$folder" -x -v --keep-directory-symlink --exclude=./usr/share --exclude=./usr/include \\
  --exclude=./usr/libexec --exclude=./usr/lib/*/gconv --exclude=./usr/lib/locale --exclude=./etc --exclude=./var --exclude=./boot
`;

interface NativeDeb {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  /** Only its libraries are wanted otherwise. */
  readonly hasPrograms: boolean;
}

export interface UnpackNative {
  /** Is made anew. */
  readonly dir: string;
  readonly debs: readonly NativeDeb[];
  readonly mayBeNative: (file: string) => boolean;
  readonly signal: AbortSignal;
}

export async function unpackNative({ dir, debs, mayBeNative, signal }: UnpackNative): Promise<NativePackage[]> {
  const root = path.join(dir, 'programs');
  await mkdir(root, { recursive: true, mode: 0o755 });
  const packages: NativePackage[] = [];
  for (const { name, version, file, hasPrograms } of debs) {
    const said = await run(['sh', '-euc', unpackScript, 'sh', root, file], { signal });
    if (!hasPrograms) continue;
    const files = said.split('\n').map((line) => line.replace(/^\.\//, ''));
    const programs = await findPrograms(root, files.filter(mayBeNative));
    packages.push({ name, version, programs });
    if (name === 'dpkg') await answerArm64(root, programs);
  }
  await splitLibraries(dir);
  return packages;
}

async function findPrograms(root: string, files: readonly string[]): Promise<NativeProgram[]> {
  const programs: NativeProgram[] = [];
  for (const file of files.filter((each) => programFolders.some((folder) => each.startsWith(`${folder}/`)))) {
    const target = await programAt(root, file);
    if (target !== undefined) programs.push({ path: file, file: target });
  }
  return programs;
}

/** Follows links, which must stay in the tree. */
async function programAt(root: string, file: string, linksLeft = 4): Promise<string | undefined> {
  const info = await lstat(path.join(root, file)).catch(() => undefined);
  if (info === undefined) return undefined;
  if (info.isSymbolicLink()) {
    const target = path.posix.join('/', path.posix.dirname(file), await readlink(path.join(root, file))).slice(1);
    return linksLeft === 0 ? undefined : programAt(root, target, linksLeft - 1);
  }
  return info.isFile() && readElfMachine(path.join(root, file)) === 'amd64' ? file : undefined;
}

/** dpkg has its architecture written in it; here it works for an image of another. The same length, so nothing moves. */
async function answerArm64(root: string, programs: readonly NativeProgram[]): Promise<void> {
  for (const { path: file } of programs.filter((program) => program.path === program.file)) {
    const place = path.join(root, file);
    const text = (await readFile(place)).toString('latin1');
    const { mode } = await lstat(place);
    await rm(place);
    await writeFile(place, Buffer.from(text.replaceAll('amd64', 'arm64'), 'latin1'), { mode });
  }
}

async function splitLibraries(dir: string): Promise<void> {
  for (const folder of libraries) {
    const target = path.join(dir, 'libraries', folder);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
    await rename(path.join(dir, 'programs', folder), target);
  }
  await symlink('usr/lib64', path.join(dir, 'libraries', 'lib64'));
}

export interface LaidPrograms {
  /** Folders to lay over an image's, the lowest first. */
  readonly lowers: readonly string[];
  /** Folder with the offered programs, each at its path. */
  readonly offers: string;
  /** Text of lines `path file`. */
  readonly offerList: string;
}

/**
 * Hard links to the chosen programs, in folders of their own.
 * @param place its `image` are the image's layers, the lowest first: only what they have is laid over them, and folders look
 *   like theirs; undefined for a tree that works alone
 */
export async function layPrograms(
  dir: string,
  { laid, offered }: { readonly laid: readonly NativeProgram[]; readonly offered: readonly NativeProgram[] },
  { target, image }: { readonly target: string; readonly image: readonly string[] | undefined },
): Promise<LaidPrograms> {
  const source = path.join(dir, 'programs');
  const over = path.join(target, 'laid');
  const offers = path.join(target, 'offered');
  await rm(target, { recursive: true, force: true });
  for (const folder of [over, offers]) await mkdir(folder, { recursive: true, mode: 0o755 });
  // Synchronous: hundreds of programs, and a promise for each costs more than the link.
  for (const { path: file } of laid.filter((program) => program.path === program.file)) {
    if (image === undefined || machineInImage(image, file) === 'arm64') linkInto(over, source, file);
  }
  for (const file of new Set(offered.map((program) => program.file))) linkInto(offers, source, file);
  copyFolderTimes(over, image ?? []);
  const offerList = offered.map((program) => `${program.path} ${program.file}\n`).join('');
  return { lowers: [path.join(dir, 'libraries'), over], offers, offerList };
}

function linkInto(target: string, source: string, file: string): void {
  mkdirSync(path.join(target, path.dirname(file)), { recursive: true, mode: 0o755 });
  linkSync(path.join(source, file), path.join(target, file));
}

/** What the image has at a path, if it is a plain file there. */
function machineInImage(image: readonly string[], file: string) {
  for (const layer of image.toReversed()) {
    const place = path.join(layer, file);
    const info = infoOf(place);
    if (info !== undefined) return info.isFile() ? readElfMachine(place) : undefined;
  }
  return undefined;
}

/** overlayfs shows the uppermost folder's own properties, and copies them when something in it changes. */
function copyFolderTimes(over: string, image: readonly string[], below = ''): void {
  for (const entry of readdirSync(path.join(over, below), { withFileTypes: true })) {
    if (entry.isDirectory()) copyFolderTimes(over, image, path.join(below, entry.name));
  }
  for (const layer of image.toReversed()) {
    const info = infoOf(path.join(layer, below));
    if (info?.isDirectory() !== true) continue;
    return utimesSync(path.join(over, below), info.atime, info.mtime);
  }
}
