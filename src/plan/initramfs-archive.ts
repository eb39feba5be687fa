/** How the initramfs is laid out: busybox, our scripts, modules and the two lists that the scripts read. */
import { type CpioEntry, encodeCpio } from '../wire/cpio.ts';
import type { ModuleGroup } from './initramfs.ts';

export interface InitramfsParts {
  readonly busybox: Uint8Array;
  /** With it a board without a name hears the port of its switch; undefined where nobody could compile it. */
  readonly lldpListen?: Uint8Array | undefined;
  /** boot/initramfs/init */
  readonly init: Uint8Array;
  /** boot/initramfs/lib/ by file name */
  readonly scripts: ReadonlyMap<string, Uint8Array>;
  readonly groups: readonly ModuleGroup[];
  /** Uncompressed modules by name. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
}

/** Mount points, and where busybox puts its links. */
const folders = ['bin', 'dev', 'newroot', 'proc', 'run', 'sys'] as const;

export function encodeInitramfs(parts: InitramfsParts): Uint8Array {
  return encodeCpio([
    ...folders.map((path): CpioEntry => ({ kind: 'directory', path, mode: 0o755 })),
    program('bin/busybox', parts.busybox),
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    ...(parts.lldpListen === undefined ? [] : [program('bin/lldp-listen', parts.lldpListen)]),
    program('init', parts.init),
    ...[...parts.scripts].map(([name, bytes]) => program(`lib/pi-image/${name}`, bytes)),
    text('modules/order', renderOrder(parts.groups)),
    text('modules/machines', renderMachines(parts.groups)),
    ...[...parts.modules].map(([name, bytes]): CpioEntry => file(`modules/${name}.ko`, bytes)),
  ]);
}

/** `group name` per line, in the order of loading. */
function renderOrder(groups: readonly ModuleGroup[]): string {
  return groups.flatMap(({ group, modules }) => modules.map((name) => `${group} ${name}\n`)).join('');
}

/** `group compatible` per line. */
function renderMachines(groups: readonly ModuleGroup[]): string {
  return groups.flatMap(({ group, machine }) => (machine === undefined ? [] : [`${group} ${machine}\n`])).join('');
}

function program(path: string, bytes: Uint8Array): CpioEntry {
  return { kind: 'file', path, mode: 0o755, bytes };
}

function file(path: string, bytes: Uint8Array): CpioEntry {
  return { kind: 'file', path, mode: 0o644, bytes };
}

function text(path: string, content: string): CpioEntry {
  return file(path, Buffer.from(content));
}
