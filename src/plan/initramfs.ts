/** Which modules does the initramfs of an image carry, for which machine, in which order? */
import { boards, type BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import { type ModuleIndex, orderModules } from './module-order.ts';

/** Loaded on every machine: the root over NFS and the tmpfs over it. */
const rootModules = ['nfsv4', 'overlay'] as const;

/** Loaded where the root is a squashfs; what it needs to decompress comes with it. */
export const squashModules = ['loop', 'squashfs'] as const;

/** Every image can be rehearsed on a virtual machine: its card, its dice and its watchdog. */
const virtualModules = ['virtio_pci', 'virtio_mmio', 'virtio_net', 'virtio_rng', 'i6300esb'] as const;

const serverCards = ['e1000e', 'igb', 'igc', 'ixgbe', 'i40e', 'ice', 'mlx5_core', 'bnxt_en', 'tg3', 'r8169', 'ena'];
/** Inside the chips of servers and of small boards, and of a Pi that was given UEFI. */
const chipCards = [
  'hns3',
  'hclge',
  'nicvf',
  'xgene_enet',
  'amd_xgbe',
  'fsl_dpaa2_eth',
  'mvneta',
  'mvpp2',
  'fec',
  'lan743x',
  'dwmac_generic',
  'dwmac_rk',
  'dwmac_meson8b',
  'dwmac_sun8i',
  'mdio_bcm_unimac',
  'genet',
];
/** What many of these are wired to. */
const transceivers = ['realtek', 'motorcomm', 'marvell', 'at803x', 'broadcom', 'micrel'];

/** Which card a machine with UEFI or U-Boot has, nobody knows before it boots; those that a kernel lacks are left out. */
export const cardModules: readonly string[] = [...serverCards, ...chipCards, ...transceivers];

const watchdogModules = ['bcm2835_wdt'] as const;

/** The green LED and the chips that it hangs on, for a board that is to blink; left out where a kernel lacks them. */
const ledModules = ['gpio_raspberrypi_exp', 'gpio_brcmstb', 'leds_gpio'] as const;

/** `every` is loaded on every machine, `squash` where the root is one, the others on the machine they are named after. */
type ModuleGroupName = 'every' | 'squash' | BoardName;

export interface ModuleGroup {
  readonly group: ModuleGroupName;
  /** compatible string by which the machine is known; undefined: the group for machines that no other group knows. */
  readonly machine: string | undefined;
  /** Names, each after what it needs. */
  readonly modules: readonly string[];
}

/** @param more of image.yaml, loaded on every machine @throws ConfigError that names the module the kernel does not have. */
export function planModuleGroups(
  index: ModuleIndex,
  release: string,
  wanted: readonly BoardName[],
  more: readonly string[] = [],
): ModuleGroup[] {
  const group = (name: ModuleGroupName, modules: readonly string[], machine?: string): ModuleGroup => ({
    group: name,
    machine,
    modules: orderModules(
      index,
      modules.map((module) => findModule(index, { module, release, group: name })),
    ),
  });
  refuseUnknown(index, release, more);
  const cards = wanted.includes('uefi') ? cardModules.filter((name) => index.paths.has(name)) : [];
  const leds = ledModules.filter((name) => index.paths.has(name));
  const pis = wanted.filter((board) => boards[board].machine !== undefined);
  return [
    group('every', [...new Set([...rootModules, ...more])]),
    group('squash', squashModules),
    group('uefi', [...new Set([...virtualModules, ...boards.uefi.networkModules, ...cards])]),
    ...pis.map((board) => {
      const { networkModules, machine } = boards[board];
      return group(board, [...watchdogModules, ...networkModules, ...leds], machine);
    }),
  ];
}

function refuseUnknown(index: ModuleIndex, release: string, asked: readonly string[]): void {
  const missing = asked.find((name) => !index.paths.has(name) && !index.builtin.has(name));
  if (missing === undefined) return;
  throw new ConfigError(`kernel ${release} has no module ${missing}, which image.yaml wants in the initramfs`, {
    hint: 'Look at initramfs.modules; "modinfo NAME" on a node knows the names.',
  });
}

/** The first of `a|b` that the kernel has, as a module or inside. */
function findModule(index: ModuleIndex, asked: { module: string; release: string; group: ModuleGroupName }): string {
  const names = asked.module.split('|');
  const found = names.find((name) => index.paths.has(name) || index.builtin.has(name));
  if (found !== undefined) return found;
  const { group } = asked;
  const board = group === 'every' || group === 'squash' || group === 'uefi' ? undefined : group;
  const who = board === undefined ? 'a node' : `${board} (${boards[board].title})`;
  throw new ConfigError(
    `kernel ${asked.release} has no module ${names.join(' or ')}, without which ${who} cannot boot`,
    {
      hint: `Take another kernel into the image${board === undefined ? '' : `, or leave ${board} out of its boards`}.`,
    },
  );
}

/** Names of all groups, each once: the files that have to be in the archive. */
export function modulesOf(groups: readonly ModuleGroup[]): string[] {
  return [...new Set(groups.flatMap((group) => group.modules))];
}
