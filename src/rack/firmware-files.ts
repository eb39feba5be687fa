/**
 * Which files a board asks for, one after the other, and what it starts in the end.
 * Generators: each `yield` is one TFTP request, its result the answer. No sockets, no clock.
 */
import { unreachable } from '../model/errors.ts';
import type { RackBoard } from '../model/rack-spec.ts';
import { initramfsNameFor, parseConfigTxt, type FirmwareConfig } from './config-txt.ts';
import type { BoardIdentity } from './eeprom.ts';
import { loadersOf, type Loaders, type TftpClient } from './loaders.ts';
import { selfUpdate } from './self-update.ts';

export interface FileRequest {
  readonly path: string;
  /** `probe` only asks whether the file is there and breaks the transfer off. */
  readonly mode: 'load' | 'probe';
}

/** undefined: the server said that there is no such file. */
export type FileAnswer = Uint8Array | undefined;

/** One TFTP request, and the loader that makes it. */
export interface LoaderRequest extends FileRequest {
  readonly client: TftpClient;
}

export type FirmwareResult =
  | {
      readonly kind: 'start';
      readonly kernel: Uint8Array;
      readonly initramfs: Uint8Array | undefined;
      readonly commandLine: string;
    }
  /** What was loaded runs, and asks for an address of its own. */
  | { readonly kind: 'next-stage' }
  /** The loader begins anew, as a real one does until it is switched off. */
  | { readonly kind: 'stuck'; readonly reason: string };

export type FirmwareFiles = Generator<LoaderRequest, FirmwareResult, FileAnswer>;
type Part<T> = Generator<FileRequest, T, FileAnswer>;

/** Each begins with DHCP. Only a Pi 3 has two: its ROM, and the bootcode.bin that it loads. */
export function firmwareStages(who: BoardIdentity): readonly (() => FirmwareFiles)[] {
  const loaders = loadersOf(who);
  switch (who.board) {
    case 'pi3':
      return [() => askedBy(loaders.first, romFiles()), () => pi3Files(who, loaders)];
    case 'pi4':
      return [() => pi4Files(who, loaders)];
    case 'pi5':
      return [() => askedBy(loaders.first, pi5Files(who))];
    default:
      return unreachable(who.board);
  }
}

function* askedBy<T>(client: TftpClient, part: Part<T>): Generator<LoaderRequest, T, FileAnswer> {
  let answer: FileAnswer;
  for (;;) {
    const step = part.next(answer);
    if (step.done === true) return step.value;
    answer = yield { ...step.value, client };
  }
}

function* romFiles(): Part<FirmwareResult> {
  if ((yield* load('bootcode.bin')) === undefined) return stuck('bootcode.bin is missing');
  yield* load('bootsig.bin');
  return { kind: 'next-stage' };
}

/** bootcode.bin up to start.elf, then start.elf with a TFTP client of its own. */
function* pi3Files(who: BoardIdentity, { bootcode, last }: Loaders): FirmwareFiles {
  const prefix = yield* askedBy(bootcode, pi3Loader(who));
  if (typeof prefix !== 'string') return prefix;
  return yield* askedBy(last, startPi3(prefix));
}

/** @returns the prefix, or why start.elf does not run */
function* pi3Loader(who: BoardIdentity): Part<string | FirmwareResult> {
  const prefix = yield* findPrefix(who, ['start.elf']);
  for (const name of ['autoboot.txt', 'config.txt']) yield* load(`${prefix}${name}`);
  if ((yield* load(`${prefix}recovery.elf`)) !== undefined) return stuck(ranRecovery('recovery.elf', 'start.elf'));
  if ((yield* load(`${prefix}start.elf`)) === undefined) return stuck('start.elf is missing');
  if ((yield* load(`${prefix}fixup.dat`)) === undefined) return stuck(noFixup('fixup.dat', 'start.elf'));
  return prefix;
}

function* startPi3(prefix: string): Part<FirmwareResult> {
  const before = ['recovery.elf', 'config.txt', 'dt-blob.bin', 'recovery.elf', 'config.txt', 'bootcfg.txt'];
  for (const name of before) yield* load(`${prefix}${name}`);
  return yield* startKernel(prefix, 'pi3', {
    configReads: 2,
    deviceTree: 'bcm2710-rpi-3-b.dtb',
    readsOfOthers: 2,
    beforeKernel: ['recovery8.img', 'recovery8-32.img', 'recovery7.img', 'recovery.img'],
    kernels: ['kernel8.img'],
  });
}

/** EEPROM loader first, then start4.elf with a TFTP client of its own. */
function* pi4Files(who: BoardIdentity, { first, last }: Loaders): FirmwareFiles {
  const prefix = yield* askedBy(first, pi4Loader(who));
  if (typeof prefix !== 'string') return prefix;
  return yield* askedBy(last, startPi4(prefix));
}

/** @returns the prefix, or why start4.elf does not run */
function* pi4Loader(who: BoardIdentity): Part<string | FirmwareResult> {
  const prefix = yield* findPrefix(who, ['start4.elf', 'start.elf']);
  yield* load(`${prefix}config.txt`);
  if (yield* selfUpdate(who.selfUpdate, who.board, prefix)) return stuck(hasFlashed);
  for (const recovery of ['recover4.elf', 'recovery.elf']) {
    if ((yield* load(`${prefix}${recovery}`)) !== undefined) return stuck(ranRecovery(recovery, 'start4.elf'));
  }
  if ((yield* load(`${prefix}start4.elf`)) === undefined && (yield* load(`${prefix}start.elf`)) === undefined) {
    return stuck('neither start4.elf nor start.elf is there');
  }
  if ((yield* load(`${prefix}fixup4.dat`)) === undefined) return stuck(noFixup('fixup4.dat', 'start4.elf'));
  return prefix;
}

function startPi4(prefix: string): Part<FirmwareResult> {
  return startKernel(prefix, 'pi4', {
    configReads: 2,
    deviceTree: 'bcm2711-rpi-4-b.dtb',
    readsOfOthers: 1,
    beforeKernel: ['recovery8.img', 'recovery8-32.img', 'recovery7l.img', 'recovery7.img', 'recovery.img'],
    kernels: ['kernel8.img'],
  });
}

/** The loader in the EEPROM does it all. Which file decides on the prefix is not known; config.txt does here. */
function* pi5Files(who: BoardIdentity): Part<FirmwareResult> {
  const prefix = yield* findPrefix(who, ['config.txt']);
  yield* load(`${prefix}config.txt`);
  if (who.selfUpdate === undefined) yield* load(`${prefix}pieeprom.sig`);
  if (yield* selfUpdate(who.selfUpdate, who.board, prefix)) return stuck(hasFlashed);
  const deviceTree = 'bcm2712-rpi-5-b.dtb';
  // The loader's "os_check": an operating system without this board's device tree is not started.
  if ((yield* load(`${prefix}${deviceTree}`)) === undefined) return stuck(`${deviceTree} is missing`);
  return yield* startKernel(prefix, 'pi5', {
    configReads: 1,
    deviceTree,
    readsOfOthers: 1,
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
  /** How often device tree, overlay map and command line are read. */
  readonly readsOfOthers: 1 | 2;
  /** Asked for between cmdline.txt and the kernel; normally missing. */
  readonly beforeKernel: readonly string[];
  /** Tried in this order when config.txt names none. */
  readonly kernels: readonly string[];
}

function* startKernel(prefix: string, board: RackBoard, stage: KernelStage): Part<FirmwareResult> {
  let text: FileAnswer;
  for (let read = 0; read < stage.configReads; read++) text = yield* load(`${prefix}config.txt`);
  const config = parseConfigTxt(text ?? new Uint8Array(), board);
  const initramfs = yield* loadInitramfs(prefix, config, stage.kernels);
  if (initramfs === 'missing') return stuck(`the initramfs ${config.initramfs ?? ''} is missing`);
  const deviceTree = config.deviceTree ?? stage.deviceTree;
  const reads = stage.readsOfOthers;
  if ((yield* load(`${prefix}${deviceTree}`, reads)) === undefined) return stuck(`${deviceTree} is missing`);
  yield* load(`${prefix}overlays/overlay_map.dtb`, reads);
  yield* loadOverlays(prefix, config);
  const commandLine = yield* load(`${prefix}${config.commandLine}`, reads);
  if (commandLine === undefined) return stuck(`${config.commandLine} is missing`);
  for (const name of stage.beforeKernel) yield* load(`${prefix}${name}`);
  const kernel = yield* loadFirst(
    prefix,
    config.kernel === undefined ? stage.kernels : [config.kernel, ...stage.kernels],
  );
  if (kernel === undefined) return stuck(`the kernel ${config.kernel ?? stage.kernels.join(', ')} is missing`);
  return { kind: 'start', kernel, initramfs, commandLine: firstLine(commandLine) };
}

function* load(path: string, times: 1 | 2 = 1): Part<FileAnswer> {
  if (times === 2) yield { path, mode: 'load' };
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
  for (const name of config.overlays) {
    const path = `${prefix}overlays/${name}.dtbo`;
    if ((yield { path, mode: 'probe' }) !== undefined) yield* load(path);
  }
}

/** Firmware passes one line on. */
function firstLine(bytes: Uint8Array): string {
  return (Buffer.from(bytes).toString('latin1').split(/\r?\n/)[0] ?? '').trim();
}

const hasFlashed = 'it has written its own flash, and resets';
const ranRecovery = (recovery: string, start: string) =>
  `${recovery} was served: the board would run it instead of ${start}`;
const noFixup = (fixup: string, start: string) => `${fixup} is missing: ${start} could not set up the memory`;

function stuck(reason: string): FirmwareResult {
  return { kind: 'stuck', reason };
}
