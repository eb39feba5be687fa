/**
 * Which files of a root become which files of boot/: firmware, device trees and kernels, in Debian's layouts, in
 * Raspberry Pi's, and as the FAT partition of an official card has them.
 */
import path from 'node:path';

import type { BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import { uefiProgram } from './boot-program.ts';
import { firmwareBoards } from './build-sources.ts';

export interface BootKernel {
  readonly release: string;
  /** In the root. */
  readonly source: string;
  /** Under boot/: firmware asks for these names. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly boards: readonly BoardName[];
}

export interface BootLayout {
  readonly kernels: readonly BootKernel[];
  /** Copied as they are: name under boot/ -> place in the root. */
  readonly copies: ReadonlyMap<string, string>;
}

/** @param files paths of the root, relative to it, below boot, usr/lib/raspi-firmware, usr/lib/linux-image-* and usr/lib/modules */
export function planBootLayout(files: readonly string[], boards: readonly BoardName[]): BootLayout {
  const kernels = planKernels(files, boards);
  const firmware = firmwareBoards(boards).length > 0 ? firmwareFiles(files) : [];
  // A Pi 5's own kernel comes last: where both packages have a device tree, its boards get theirs.
  const trees = kernels.flatMap(({ release, source }) => deviceTrees(files, release, source));
  return { kernels, copies: withFirmwareNames(new Map([...firmware, ...trees])) };
}

/**
 * Firmware asks for the device trees of Raspberry Pi's own kernel. Debian's kernel has the mainline names for some of
 * them (the firmware knows those only with upstream_kernel=1, which also changes where it looks for everything else).
 */
const mainlineNames: readonly (readonly [asked: string, mainline: string])[] = [
  ['bcm2710-rpi-2-b.dtb', 'bcm2837-rpi-2-b.dtb'],
  ['bcm2710-rpi-3-b.dtb', 'bcm2837-rpi-3-b.dtb'],
  ['bcm2710-rpi-3-b-plus.dtb', 'bcm2837-rpi-3-b-plus.dtb'],
  ['bcm2711-rpi-cm4.dtb', 'bcm2711-rpi-cm4-io.dtb'],
];

function withFirmwareNames(copies: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const missing = mainlineNames.flatMap(([asked, mainline]): [string, string][] => {
    const source = copies.get(mainline);
    return source === undefined || copies.has(asked) ? [] : [[asked, source]];
  });
  return new Map([...copies, ...missing]);
}

function planKernels(files: readonly string[], boards: readonly BoardName[]): BootKernel[] {
  const releases = findKernels(files);
  const forPi5 = releases.find(({ release }) => isForPi5(release));
  const main = releases.filter(({ release }) => !isForPi5(release));
  if (main.length === 0) {
    throw new ConfigError('the image has no kernel', { hint: 'Add linux-image-arm64 to the packages of its base.' });
  }
  if (main.length > 1) {
    throw new ConfigError(`the image has ${main.length} kernels: ${main.map(({ release }) => release).join(', ')}`, {
      hint: 'Leave one of them out: nodes would not know which to boot.',
    });
  }
  const own: readonly BoardName[] = forPi5 === undefined ? [] : boards.filter((board) => board === 'pi5');
  const rest = boards.filter((board) => !own.includes(board));
  const kernels = main.flatMap((found) => withInitramfs(found, rest));
  if (forPi5 !== undefined && own.length > 0) {
    kernels.push({ ...forPi5, kernel: 'kernel_2712.img', initramfs: 'initramfs_2712', boards: own });
  }
  return kernels;
}

/** Drivers of all cards that a machine with UEFI may have are more than all else that a Pi loads there: it gets its own. */
function withInitramfs(found: Pick<BootKernel, 'release' | 'source'>, boards: readonly BoardName[]): BootKernel[] {
  const made = (initramfs: string, own: readonly BoardName[]): BootKernel[] =>
    own.length === 0 ? [] : [{ ...found, kernel: 'kernel8.img', initramfs, boards: own }];
  const [pis, others] = [firmwareBoards(boards), boards.filter((board) => board === 'uefi')];
  return [...made('initramfs8', pis), ...made('initramfs_uefi', others)];
}

/** `6.12.47+rpt-rpi-2712`, and `6.1.21-v8-16k+` before there were packages of it. */
function isForPi5(release: string): boolean {
  return /(?:-rpi-2712|-16k\+?)$/.test(release);
}

interface FoundKernel {
  readonly release: string;
  readonly source: string;
}

/** Kernels whose modules are there. Debian's 7.x keeps vmlinuz beside its modules, all others keep it in boot/. */
function findKernels(files: readonly string[]): FoundKernel[] {
  const all = new Set(files);
  const releases = new Set(files.flatMap((file) => /^usr\/lib\/modules\/([^/]+)\/modules\.dep$/.exec(file)?.[1] ?? []));
  const packaged = [...releases].toSorted().flatMap((release): FoundKernel[] => {
    const source = [`usr/lib/modules/${release}/vmlinuz`, `boot/vmlinuz-${release}`].find((file) => all.has(file));
    return source === undefined ? [] : [{ release, source }];
  });
  const named = new Set(packaged.map(({ release }) => release));
  const others = [...releases].filter((release) => !named.has(release)).toSorted();
  return [...packaged, ...cardKernels(files, others, packaged)];
}

/** Where the FAT of an official card is mounted: since bookworm, and before. */
export const cardFolders = ['boot/firmware', 'boot'] as const;

/** What a card's kernel is does not stand in its name: it is the one whose modules are left. A package's goes before it. */
function cardKernels(
  files: readonly string[],
  releases: readonly string[],
  packaged: readonly FoundKernel[],
): FoundKernel[] {
  const ofName = (name: string, fits: (release: string) => boolean): FoundKernel[] => {
    const source = cardFolders.map((folder) => `${folder}/${name}`).find((file) => files.includes(file));
    if (source === undefined || packaged.some(({ release }) => fits(release))) return [];
    return releases.filter(fits).map((release) => ({ release, source }));
  };
  const is64Bit = (release: string) => !isForPi5(release) && /(?:v8\+?|arm64)$/.test(release);
  return [...ofName('kernel8.img', is64Bit), ...ofName('kernel_2712.img', isForPi5)];
}

function firmwareFiles(files: readonly string[]): [name: string, source: string][] {
  const wanted = /^(?:bootcode\.bin|start[\w]*\.elf|fixup[\w]*\.dat)$/;
  const folders = ['usr/lib/raspi-firmware', ...cardFolders].map((folder) =>
    files.filter((file) => path.posix.dirname(file) === folder && wanted.test(path.posix.basename(file))),
  );
  const found = folders.find((inFolder) => inFolder.length > 0) ?? [];
  if (found.length === 0) {
    throw new ConfigError('the image has no Raspberry Pi firmware (start4.elf, fixup4.dat, …)', {
      hint: 'Add raspi-firmware to the packages of its base, or leave only uefi in boards.',
    });
  }
  return found.map((file) => [path.posix.basename(file), file]);
}

/**
 * `/usr/lib/linux-image-6.12…/broadcom/`, since Debian's 7.x `/usr/lib/modules/7.2…/dtb/broadcom/`; beside the kernel on
 * a card.
 */
function deviceTrees(files: readonly string[], release: string, kernel: string): [name: string, source: string][] {
  const folders = [`usr/lib/linux-image-${release}/`, `usr/lib/modules/${release}/dtb/`];
  const card = cardFolders.find((folder) => path.posix.dirname(kernel) === folder && !kernel.includes('/vmlinuz'));
  if (card !== undefined) return cardTrees(files, card);
  return files.flatMap((file): [string, string][] => {
    const folder = folders.find((candidate) => file.startsWith(candidate));
    const inside = folder === undefined ? '' : file.slice(folder.length);
    if (/^broadcom\/bcm(?:27|28)[^/]*\.dtb$/.test(inside)) return [[path.posix.basename(inside), file]];
    return /^overlays\/[^/]+\.(?:dtbo|dtb)$/.test(inside) ? [[inside, file]] : [];
  });
}

function cardTrees(files: readonly string[], folder: string): [name: string, source: string][] {
  return files.flatMap((file): [string, string][] => {
    const inside = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : '';
    return /^(?:bcm(?:27|28)[^/]*\.dtb|overlays\/[^/]+\.(?:dtbo|dtb))$/.test(inside) ? [[inside, file]] : [];
  });
}

/** In Debian's package ipxe. It keeps its name: DHCP tells machines with UEFI to load that. */
export const ipxeProgram = `usr/lib/ipxe/${uefiProgram}`;

/** Firmware reads this before it looks for overlays; without it, it searches the folder again for each one. */
export const overlaysReadme = `Device tree overlays of this image's kernel.
The firmware looks for this file to decide whether there are overlays to load.
Name them in config.txt: dtoverlay=<name>.
`;
