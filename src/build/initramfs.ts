/** Makes the initramfs of an image on this machine: reads modules from the image's root, packs, compresses. Same input, same bytes. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { run } from '../host/process.ts';
import type { BoardName } from '../model/board.ts';
import { HostError } from '../model/errors.ts';
import { encodeInitramfs } from '../plan/initramfs-archive.ts';
import { modulesOf, planModuleGroups, type ModuleGroup } from '../plan/initramfs.ts';
import { type ModuleIndex, parseModules } from '../plan/module-order.ts';
import { assertBoardsAreReached } from './board-support.ts';
import { compileLldpListen } from './lldp-listen.ts';

export interface InitramfsRequest {
  /** The image's root folder. */
  readonly root: string;
  /** The kernel's, as its folder below usr/lib/modules is called. */
  readonly release: string;
  readonly boards: readonly BoardName[];
  /** Beside those that the boards need. */
  readonly modules?: readonly string[];
  /** A static arm64 busybox. */
  readonly busybox: string;
  /** boot/initramfs of this program */
  readonly scriptsDir: string;
  /** For what is thrown away in the end; undefined: where the machine has it. */
  readonly workDir?: string;
  /** The file to make. */
  readonly out: string;
  readonly signal: AbortSignal;
}

export interface InitramfsReport {
  readonly sizeBytes: number;
  /** Names of the modules inside, in the order of loading. */
  readonly modules: readonly string[];
}

/** -19 would make it an eighth smaller, for 15 seconds more. One thread: more change the bytes. */
const compressor = ['zstd', '-9', '-T1', '-q', '-f'] as const;

/** @throws ConfigError when the kernel cannot reach the network card of one of the boards. */
export async function buildInitramfs(request: InitramfsRequest): Promise<InitramfsReport> {
  const kernelDir = path.join(request.root, 'usr/lib/modules', request.release);
  const index = await readModuleIndex(kernelDir);
  const groups = planModuleGroups(index, request.release, request.boards, request.modules);
  await assertBoardsAreReached({ ...request, kernelDir, groups });
  const scratch = await makeScratch(request.workDir);
  try {
    const parts = {
      ...(await readScripts(request.scriptsDir)),
      busybox: await readFile(request.busybox),
      lldpListen: await compileLldpListen({ ...request, scratch }),
      groups,
      modules: await readModules({ kernelDir, index, groups, scratch, signal: request.signal }),
    };
    const archive = path.join(scratch, 'initramfs.cpio');
    await writeFile(archive, encodeInitramfs(parts));
    const packed = `${request.out}.new`;
    await run([...compressor, '-o', packed, archive], { signal: request.signal });
    await rename(packed, request.out);
    return { sizeBytes: (await stat(request.out)).size, modules: modulesOf(groups) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of a build that dies nothing is left where nobody sweeps. */
async function makeScratch(workDir = tmpdir()): Promise<string> {
  await mkdir(workDir, { recursive: true });
  return mkdtemp(path.join(workDir, 'pi-image-initramfs-'));
}

async function readModuleIndex(kernelDir: string): Promise<ModuleIndex> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(path.join(kernelDir, name), 'utf8');
    } catch (error) {
      throw new HostError(`${path.join(kernelDir, name)} cannot be read`, {
        cause: error,
        hint: 'Look whether the image has a kernel package that was configured.',
      });
    }
  };
  const [dep, builtin, softdep] = await Promise.all(['modules.dep', 'modules.builtin', 'modules.softdep'].map(read));
  return parseModules({ dep: dep ?? '', builtin: builtin ?? '', softdep: softdep ?? '' });
}

async function readScripts(dir: string): Promise<{ init: Uint8Array; scripts: ReadonlyMap<string, Uint8Array> }> {
  const lib = path.join(dir, 'lib');
  const names = (await readdir(lib)).toSorted();
  const scripts = await Promise.all(
    names.map(async (name): Promise<[string, Uint8Array]> => [name, await readFile(path.join(lib, name))]),
  );
  return { init: await readFile(path.join(dir, 'init')), scripts: new Map(scripts) };
}

/** By the ending that kernel packages give a compressed module. */
const decompressors: Readonly<Record<string, readonly [string, ...string[]]>> = {
  '.xz': ['xz', '-d'],
  '.zst': ['zstd', '-d', '-q', '--rm'],
  '.gz': ['gzip', '-d'],
};

/** Uncompressed: the archive packs better as a whole, and the initramfs needs no second decompressor. */
async function readModules(from: {
  kernelDir: string;
  index: ModuleIndex;
  groups: readonly ModuleGroup[];
  scratch: string;
  signal: AbortSignal;
}): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = modulesOf(from.groups).map((name) => ({ name, from: from.index.paths.get(name) ?? '' }));
  await Promise.all(
    files.map((file) =>
      copyFile(path.join(from.kernelDir, file.from), path.join(from.scratch, path.basename(file.from))),
    ),
  );
  for (const [ending, program] of Object.entries(decompressors)) {
    const packed = files.filter((file) => file.from.endsWith(ending)).map((file) => path.basename(file.from));
    if (packed.length > 0) await run([...program, ...packed], { cwd: from.scratch, signal: from.signal });
  }
  const read = files.map(async (file): Promise<[string, Uint8Array]> => {
    const name = path.basename(file.from).replace(/(\.ko)\.\w+$/, '$1');
    return [file.name, await readFile(path.join(from.scratch, name))];
  });
  return new Map(await Promise.all(read));
}
