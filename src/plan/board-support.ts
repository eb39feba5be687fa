/** Can this kernel, with this initramfs, reach the network card of a board? QEMU has no Pi 5, so this is proved from the files. */
import { type BoardName, boards } from '../model/board.ts';
import { decodeDeviceTree } from '../wire/device-tree.ts';
import { type Device, devicesOnTheWayTo } from './device-path.ts';
import type { DriverIndex } from './module-alias.ts';

export interface BoardSupportQuestion {
  readonly board: BoardName;
  readonly release: string;
  /** The kernel's device trees of this board: file name -> bytes. */
  readonly trees: ReadonlyMap<string, Uint8Array>;
  readonly drivers: { readonly modules: DriverIndex; readonly builtin: DriverIndex };
  /** Modules in the initramfs that are loaded on this board. */
  readonly carried: ReadonlySet<string>;
}

export type BoardSupport =
  /** `drivers` are those on the way from the CPU to the wire. */
  | { readonly kind: 'supported'; readonly drivers: readonly string[] }
  | { readonly kind: 'unsupported'; readonly reason: string };

export function checkBoardSupport(question: BoardSupportQuestion): BoardSupport {
  const { board, release, trees } = question;
  if (boards[board].deviceTrees.length === 0) return { kind: 'supported', drivers: [] };
  if (trees.size === 0) return unsupported(`kernel ${release} has no device tree for ${board}`);
  const drivers = new Set<string>();
  for (const [file, bytes] of trees) {
    const support = checkTree(file, bytes, question);
    if (support.kind === 'unsupported') return support;
    for (const driver of support.drivers) drivers.add(driver);
  }
  return { kind: 'supported', drivers: [...drivers].toSorted() };
}

function checkTree(file: string, bytes: Uint8Array, question: BoardSupportQuestion): BoardSupport {
  const { board, release } = question;
  const cards = boards[board].networkCompatible;
  const way = devicesOnTheWayTo(decodeDeviceTree(bytes), cards);
  if (way.length === 0) {
    return unsupported(
      `${file} of kernel ${release} has no network card (${cards.join(', ')}), so ${board} cannot boot over the network`,
    );
  }
  const drivers: string[] = [];
  for (const device of way) {
    const found = findDriver(device, question);
    if (found.kind === 'not-carried') {
      return unsupported(
        `${board} reaches its network card through ${device.path}, whose driver ${found.driver} is not in the initramfs`,
      );
    }
    if (found.kind === 'carried') drivers.push(found.driver);
    else if (device.compatible.some((name) => cards.includes(name))) {
      return unsupported(`kernel ${release} has no driver for the network card of ${board} (${cards.join(', ')})`);
    }
  }
  return { kind: 'supported', drivers };
}

type FoundDriver =
  | { readonly kind: 'carried'; readonly driver: string }
  | { readonly kind: 'not-carried'; readonly driver: string }
  /** Buses, interrupt controllers and the like that the kernel has inside without saying so. */
  | { readonly kind: 'unknown' };

/** The first compatible string for which there is a driver decides, as in the kernel. */
function findDriver(device: Device, { drivers, carried }: BoardSupportQuestion): FoundDriver {
  for (const compatible of device.compatible) {
    const [inside] = drivers.builtin.get(compatible) ?? [];
    if (inside !== undefined) return { kind: 'carried', driver: inside };
    const loadable = [...(drivers.modules.get(compatible) ?? [])];
    const present = loadable.find((name) => carried.has(name));
    if (present !== undefined) return { kind: 'carried', driver: present };
    const [absent] = loadable;
    if (absent !== undefined) return { kind: 'not-carried', driver: absent };
  }
  return { kind: 'unknown' };
}

function unsupported(reason: string): BoardSupport {
  return { kind: 'unsupported', reason };
}
