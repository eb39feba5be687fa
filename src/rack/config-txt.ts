/** config.txt as firmware reads it: which kernel, which initramfs, which overlays. */
import type { RackBoard } from '../model/rack-spec.ts';

/** What start4.elf or a Pi 5's loader takes from config.txt here; settings that steer hardware have no meaning. */
export interface FirmwareConfig {
  readonly kernel: string | undefined;
  readonly initramfs: string | undefined;
  /** auto_initramfs=1: the initramfs is named after the kernel. */
  readonly isInitramfsAutomatic: boolean;
  readonly commandLine: string;
  readonly deviceTree: string | undefined;
  readonly overlays: readonly string[];
}

/** A longer file is cut when it came over the network. */
const maxConfigBytes = 4096;

/** Filters that hold for a board, beside [all]. */
const filters: Readonly<Record<RackBoard, readonly string[]>> = {
  pi3: ['all', 'pi3', 'board-type=0x8'],
  pi4: ['all', 'pi4', 'board-type=0x11'],
  pi5: ['all', 'pi5', 'board-type=0x17'],
};

/** Later lines win; a section that does not name this board is passed over. */
export function parseConfigTxt(bytes: Uint8Array, board: RackBoard): FirmwareConfig {
  const settings = new Map<string, string>();
  const overlays: string[] = [];
  let initramfs: string | undefined;
  for (const line of linesFor(bytes, board)) {
    // The one setting without "=": initramfs NAME ADDRESS.
    const [word, name] = line.split(/\s+/);
    if (word === 'initramfs') initramfs = name;
    const [, key, value = ''] = /^([^=\s]+)=(.*)$/.exec(line) ?? [];
    if (key === 'dtoverlay') overlays.push(...value.split(/[,:]/).slice(0, 1).filter(Boolean));
    else if (key !== undefined) settings.set(key, value.trim());
  }
  return {
    kernel: settings.get('kernel'),
    initramfs,
    isInitramfsAutomatic: settings.get('auto_initramfs') === '1',
    commandLine: settings.get('cmdline') ?? 'cmdline.txt',
    deviceTree: settings.get('device_tree'),
    overlays,
  };
}

/** Lines of the sections that hold for the board, without comments and section names. */
function linesFor(bytes: Uint8Array, board: RackBoard): string[] {
  let isForUs = true;
  return linesOf(bytes).filter((line) => {
    const section = /^\[(.*)\]$/.exec(line)?.[1];
    if (section === undefined) return isForUs;
    isForUs = filters[board].includes(section.toLowerCase());
    return false;
  });
}

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes.subarray(0, maxConfigBytes))
    .toString('latin1')
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** kernel8.img -> initramfs8, kernel_2712.img -> initramfs_2712. */
export function initramfsNameFor(kernel: string): string {
  return kernel.replace(/^kernel/, 'initramfs').replace(/\.img$/, '');
}
