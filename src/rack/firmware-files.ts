/**
 * Which files a board asks for, one after the other, and what it starts in the end.
 * Generators: each `yield` is one TFTP request, its result the answer. No sockets, no clock.
 */
import type { RackBoard } from '../model/rack-spec.ts';
import { initramfsNameFor, parseConfigTxt, type FirmwareConfig } from './config-txt.ts';
import type { BoardIdentity } from './eeprom.ts';

export interface FileRequest {
  readonly path: string;
  /** `probe` only asks whether the file is there and breaks the transfer off. */
  readonly mode: 'load' | 'probe';
}

/** undefined: the server said that there is no such file. */
export type FileAnswer = Uint8Array | undefined;

export type FirmwareResult =
  | {
      readonly kind: 'start';
      readonly kernel: Uint8Array;
      readonly initramfs: Uint8Array | undefined;
      readonly commandLine: string;
    }
  /** The loader begins anew, as a real one does until it is switched off. */
  | { readonly kind: 'stuck'; readonly reason: string };

export type FirmwareFiles = Generator<FileRequest, FirmwareResult, FileAnswer>;
type Part<T> = Generator<FileRequest, T, FileAnswer>;

export function firmwareFiles(who: BoardIdentity): FirmwareFiles {
  return who.board === 'pi4' ? pi4Files(who) : pi5Files(who);
}

/** EEPROM loader first, then start4.elf with a TFTP client of its own. */
function* pi4Files(who: BoardIdentity): FirmwareFiles {
  const prefix = yield* findPrefix(who, ['start4.elf', 'start.elf']);
  yield* load(`${prefix}config.txt`);
  for (const recovery of ['recover4.elf', 'recovery.elf']) {
    if ((yield* load(`${prefix}${recovery}`)) !== undefined) {
      return stuck(`${recovery} was served: the board would run it instead of start4.elf`);
    }
  }
  if ((yield* load(`${prefix}start4.elf`)) === undefined && (yield* load(`${prefix}start.elf`)) === undefined) {
    return stuck('neither start4.elf nor start.elf is there');
  }
  if ((yield* load(`${prefix}fixup4.dat`)) === undefined) {
    return stuck('fixup4.dat is missing: start4.elf could not set up the memory');
  }
  return yield* startKernel(prefix, 'pi4', {
    configReads: 2,
    deviceTree: 'bcm2711-rpi-4-b.dtb',
    beforeKernel: ['recovery8.img', 'recovery8-32.img', 'recovery7l.img', 'recovery7.img', 'recovery.img'],
    kernels: ['kernel8.img'],
  });
}

/** The loader in the EEPROM does it all. Which file decides on the prefix is not known; config.txt does here. */
function* pi5Files(who: BoardIdentity): FirmwareFiles {
  const prefix = yield* findPrefix(who, ['config.txt']);
  yield* load(`${prefix}config.txt`);
  yield* load(`${prefix}pieeprom.sig`);
  const deviceTree = 'bcm2712-rpi-5-b.dtb';
  // The loader's "os_check": an operating system without this board's device tree is not started.
  if ((yield* load(`${prefix}${deviceTree}`)) === undefined) return stuck(`${deviceTree} is missing`);
  return yield* startKernel(prefix, 'pi5', {
    configReads: 1,
    deviceTree,
    beforeKernel: ['armstub8-2712.bin'],
    kernels: ['kernel_2712.img', 'kernel8.img'],
  });
}

/** Nothing below `<serial>/` means that the prefix is dropped for the rest of this boot. */
function* findPrefix(who: BoardIdentity, names: readonly string[]): Part<string> {
  for (const name of names) {
    const answer = yield { path: `${who.serial}/${name}`, mode: 'probe' };
    if (answer !== undefined) return `${who.serial}/`;
  }
  return '';
}

interface KernelStage {
  readonly configReads: number;
  readonly deviceTree: string;
  /** Asked for between cmdline.txt and the kernel; normally missing. */
  readonly beforeKernel: readonly string[];
  /** Tried in this order when config.txt names none. */
  readonly kernels: readonly string[];
}

function* startKernel(prefix: string, board: RackBoard, stage: KernelStage): FirmwareFiles {
  let text: FileAnswer;
  for (let read = 0; read < stage.configReads; read++) text = yield* load(`${prefix}config.txt`);
  const config = parseConfigTxt(text ?? new Uint8Array(), board);
  const initramfs = yield* loadInitramfs(prefix, config, stage.kernels);
  if (initramfs === 'missing') return stuck(`the initramfs ${config.initramfs ?? ''} is missing`);
  const deviceTree = config.deviceTree ?? stage.deviceTree;
  if ((yield* load(`${prefix}${deviceTree}`)) === undefined) return stuck(`${deviceTree} is missing`);
  yield* loadOverlays(prefix, config);
  const commandLine = yield* load(`${prefix}${config.commandLine}`);
  if (commandLine === undefined) return stuck(`${config.commandLine} is missing`);
  for (const name of stage.beforeKernel) yield* load(`${prefix}${name}`);
  const kernel = yield* loadFirst(
    prefix,
    config.kernel === undefined ? stage.kernels : [config.kernel, ...stage.kernels],
  );
  if (kernel === undefined) return stuck(`the kernel ${config.kernel ?? stage.kernels.join(', ')} is missing`);
  return { kind: 'start', kernel, initramfs, commandLine: firstLine(commandLine) };
}

function* load(path: string): Part<FileAnswer> {
  return yield { path, mode: 'load' };
}

function* loadFirst(prefix: string, names: readonly string[]): Part<FileAnswer> {
  for (const name of names) {
    const bytes = yield* load(`${prefix}${name}`);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

/** A named initramfs that is not there stops the boot; an automatic one is left out. */
function* loadInitramfs(
  prefix: string,
  config: FirmwareConfig,
  kernels: readonly string[],
): Part<FileAnswer | 'missing'> {
  if (config.initramfs !== undefined) return (yield* load(`${prefix}${config.initramfs}`)) ?? 'missing';
  if (!config.isInitramfsAutomatic) return undefined;
  const names = config.kernel === undefined ? kernels : [config.kernel];
  return yield* loadFirst(prefix, names.map(initramfsNameFor));
}

/** Real firmware asks for an overlay twice: whether it is there, and then for its bytes. */
function* loadOverlays(prefix: string, config: FirmwareConfig): Part<void> {
  yield* load(`${prefix}overlays/overlay_map.dtb`);
  for (const name of config.overlays) {
    const path = `${prefix}overlays/${name}.dtbo`;
    if ((yield { path, mode: 'probe' }) !== undefined) yield* load(path);
  }
}

/** Firmware passes one line on. */
function firstLine(bytes: Uint8Array): string {
  return (Buffer.from(bytes).toString('latin1').split(/\r?\n/)[0] ?? '').trim();
}

function stuck(reason: string): FirmwareResult {
  return { kind: 'stuck', reason };
}
