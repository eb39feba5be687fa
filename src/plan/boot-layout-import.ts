/** What a boot folder that somebody else made must hold before its image can be published. */
import type { BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';

type Kernels = ImageManifest['kernels'];

interface BootNames {
  readonly kernel: string;
  readonly initramfs: string;
}

const general: BootNames = { kernel: 'kernel8.img', initramfs: 'initramfs8' };
/** The same kernel, with the drivers of all cards. */
const forUefi: BootNames = { kernel: 'kernel8.img', initramfs: 'initramfs_uefi' };
/** Raspberry Pi's kernel for the Pi 5 alone. */
const forPi5: BootNames = { kernel: 'kernel_2712.img', initramfs: 'initramfs_2712' };

/** Files that a board's firmware does not start without. */
const firmware: Readonly<Record<BoardName, readonly string[]>> = {
  pi3: ['bootcode.bin', 'start.elf', 'fixup.dat'],
  pi4: ['start4.elf', 'fixup4.dat'],
  pi5: [],
  uefi: [],
};

/**
 * @param files paths below the boot folder @param releases names of folders below usr/lib/modules of the root
 * @throws ConfigError that lists all that is missing
 */
export function planImport(
  files: readonly string[],
  releases: readonly string[],
  boards: readonly BoardName[],
): Kernels {
  const has = new Set(files);
  const kernels = chooseKernels(has, boards);
  const wanted = [
    ...kernels.flatMap(({ kernel, initramfs }) => [kernel, initramfs]),
    ...boards.flatMap((board) => firmware[board]),
  ];
  const missing = [...new Set(wanted)].filter((file) => !has.has(file));
  if (missing.length > 0) {
    throw new ConfigError(`the boot folder lacks ${missing.join(', ')}`, {
      hint: 'It needs a kernel, the initramfs of pi-image for it, and the firmware of each board; or name fewer with --boards.',
    });
  }
  return kernels.map(({ kernel, initramfs, boards: own }) => ({
    release: findRelease(kernel, releases),
    kernel,
    initramfs,
    boards: own,
  }));
}

function chooseKernels(
  has: ReadonlySet<string>,
  boards: readonly BoardName[],
): (BootNames & { boards: BoardName[] })[] {
  const own = (names: BootNames, file: string, board: BoardName) =>
    has.has(file) && boards.includes(board) ? [{ ...names, boards: [board] }] : [];
  const special = [...own(forUefi, forUefi.initramfs, 'uefi'), ...own(forPi5, forPi5.kernel, 'pi5')];
  const rest = boards.filter((board) => !special.some((each) => each.boards.includes(board)));
  return [...(rest.length > 0 ? [{ ...general, boards: rest }] : []), ...special];
}

function findRelease(kernel: string, releases: readonly string[]): string {
  const candidates = releases.filter((release) => release.endsWith('-2712') === (kernel === forPi5.kernel));
  const [release] = candidates;
  if (release !== undefined && candidates.length === 1) return release;
  throw new ConfigError(
    release === undefined
      ? `the root has no modules for ${kernel} in /usr/lib/modules`
      : `the root has modules of ${candidates.length} kernels: ${candidates.join(', ')}`,
    { hint: `Leave the modules of exactly the kernel that ${kernel} is.` },
  );
}
