/** The boot files and the initramfs of a version in the making, from its tree. */
import { chmod, copyFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { run } from '../host/process.ts';
import { listFiles, readHead } from '../host/tree.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import type { BuildStepArgs } from '../plan/build.ts';
import { ipxeProgram, overlaysReadme, planBootLayout } from '../plan/boot-layout.ts';
import { firmwareBoards } from '../plan/build-sources.ts';
import { buildInitramfs } from './initramfs.ts';
import { buildPaths, type RunningBuild } from './running-build.ts';

/** Where firmware and kernel packages put their files. */
const packageFolders = ['boot', 'usr/lib/raspi-firmware', 'usr/lib/modules'] as const;

/** Beginnings of all paths of a root that boot files are made of. */
export const bootFolders: readonly string[] = [...packageFolders.map((folder) => `${folder}/`), 'usr/lib/linux-image-'];

export async function makeBootFiles({ boards, ipxe }: BuildStepArgs['boot-files'], build: RunningBuild): Promise<void> {
  const root = path.join(build.torso, 'root');
  const boot = path.join(build.torso, 'boot');
  const layout = planBootLayout(await listFiles(root, [...packageFolders, ...(await kernelFolders(root))]), boards);
  build.found.kernels = layout.kernels;
  await mkdir(boot);
  for (const [name, source] of layout.copies) await copyBootFile(path.join(root, source), path.join(boot, name));
  // Two sorts of boards may start one kernel with an initramfs each.
  for (const [kernel, source] of new Map(layout.kernels.map((each) => [each.kernel, each.source]))) {
    build.progress.detail(`compressing ${kernel}`);
    await gzipFile(path.join(root, source), path.join(boot, kernel), build.signal);
  }
  if (firmwareBoards(boards).length > 0) {
    await mkdir(path.join(boot, 'overlays'), { recursive: true });
    await writeFile(path.join(boot, 'overlays/README'), overlaysReadme);
  }
  if (ipxe !== undefined) {
    const program = path.join(await unpack(ipxe, build), ipxeProgram);
    await copyBootFile(program, path.join(boot, path.basename(ipxeProgram)));
  }
}

/** @returns a folder with the files of a package that is not installed */
async function unpack({ name, fileName }: LockedPackage, build: RunningBuild): Promise<string> {
  const unpacked = path.join(build.workDir, name);
  await rm(unpacked, { recursive: true, force: true });
  const deb = path.join(buildPaths(build.stateDir).debs, fileName);
  await run(['dpkg-deb', '--extract', deb, unpacked], { signal: build.signal });
  return unpacked;
}

/** `usr/lib/linux-image-<release>` of Debian's 6.12 and of Raspberry Pi's kernels. */
async function kernelFolders(root: string): Promise<string[]> {
  const releases = await listFiles(root, ['boot']);
  return releases.flatMap((file) => {
    const release = /^boot\/vmlinuz-(.+)$/.exec(file)?.[1];
    return release === undefined ? [] : [`usr/lib/linux-image-${release}`];
  });
}

async function copyBootFile(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, 0o644);
}

const gzipMagic = '\u001F\u008B';

/** A plain kernel is over what a Pi 3 can load: 65,535 blocks of 512 bytes. Without name and time inside, same bytes each time. */
async function gzipFile(from: string, to: string, signal: AbortSignal): Promise<void> {
  // Raspberry Pi's kernels come packed, and firmware unpacks once.
  if (readHead(from, 2) === gzipMagic) return copyBootFile(from, to);
  const copy = to.replace(/\.img$/, '.raw');
  await copyFile(from, copy);
  await run(['gzip', '-9', '--no-name', '--force', '--suffix', '.packed', copy], { signal });
  await run(['mv', '--', `${copy}.packed`, to], { signal });
  await chmod(to, 0o644);
}

export async function makeInitramfs(
  { busybox, modules: more }: BuildStepArgs['initramfs'],
  build: RunningBuild,
): Promise<void> {
  const unpacked = await unpack(busybox, build);
  for (const { release, initramfs, boards } of build.found.kernels) {
    build.progress.detail(`packing ${initramfs} for ${release}`);
    const out = path.join(build.torso, 'boot', initramfs);
    const { sizeBytes, modules } = await buildInitramfs({
      root: path.join(build.torso, 'root'),
      release,
      boards,
      modules: more,
      busybox: path.join(unpacked, 'usr/bin/busybox'),
      scriptsDir: build.scriptsDir,
      workDir: build.workDir,
      out,
      signal: build.signal,
    });
    await utimes(out, build.lock.epochSeconds, build.lock.epochSeconds);
    build.progress.output(`${initramfs}: ${sizeBytes} bytes, modules: ${modules.join(' ')}`);
  }
}
