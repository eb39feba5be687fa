/** The image of a storm: one that was made for it, or a published one, whose files are read to compare with what boards get. */
import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../../model/errors.ts';
import { ImageManifest } from '../../model/manifest.ts';
import type { BootContents } from './contents.ts';

export const stormImage = { name: 'storm', version: '20261121.1' } as const;

/** Sizes of the files that a Debian image for all boards has; kernel and initramfs are asked for. */
const fileSizes: Readonly<Record<string, number>> = {
  'bootcode.bin': 52_460,
  'start.elf': 2_980_000,
  'fixup.dat': 7_300,
  'start4.elf': 2_255_000,
  'fixup4.dat': 5_500,
  'bcm2710-rpi-3-b.dtb': 35_000,
  'bcm2711-rpi-4-b.dtb': 56_000,
  'bcm2712-rpi-5-b.dtb': 78_000,
  'overlays/README': 200,
};

/** Chance does not compress, as kernels do not. */
export async function makeStormImage(
  imagesDir: string,
  sizes: { readonly kernelBytes: number; readonly initramfsBytes: number },
): Promise<void> {
  const { name, version } = stormImage;
  const folder = path.join(imagesDir, name, version);
  await mkdir(path.join(folder, 'root'), { recursive: true });
  const all = { ...fileSizes, 'kernel8.img': sizes.kernelBytes, initramfs8: sizes.initramfsBytes };
  const bootFiles: Record<string, { sha256: string; sizeBytes: number }> = {};
  for (const [file, sizeBytes] of Object.entries(all)) {
    const bytes = randomFillSync(Buffer.alloc(sizeBytes));
    const target = path.join(folder, 'boot', file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, bytes);
    bootFiles[file] = { sha256: sha256(bytes), sizeBytes };
  }
  const manifest: ImageManifest = ImageManifest.parse({
    format: 1,
    name,
    version,
    builtAt: '2026-11-21T08:00:00Z',
    boards: ['pi3', 'pi4', 'pi5'],
    key: sha256(Buffer.from(JSON.stringify(bootFiles))),
    bootFiles,
    kernels: [{ release: '7.2.12', kernel: 'kernel8.img', initramfs: 'initramfs8', boards: ['pi3', 'pi4', 'pi5'] }],
    packages: [],
    users: { root: 0 },
    groups: { root: 0 },
    folderLinks: {},
    rootBytes: 0,
    rootFiles: 0,
  });
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
}

/** @throws HostError when a file is not what the manifest says of it */
export async function readContents(imagesDir: string, manifest: ImageManifest): Promise<BootContents> {
  const boot = path.join(imagesDir, manifest.name, manifest.version, 'boot');
  const files = new Map<string, Uint8Array>();
  for (const [name, { sha256: expected }] of Object.entries(manifest.bootFiles)) {
    const bytes = await readFile(path.join(boot, name));
    if (sha256(bytes) !== expected) throw new HostError(`${name} of ${manifest.name} is not what its manifest says`);
    files.set(name, bytes);
  }
  return { files, kernels: new Set(manifest.kernels.map(({ kernel }) => kernel)) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
