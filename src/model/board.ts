/** The Pi model families that boot alike, and what the rest of the system must know of each. */
import { z } from 'zod';

export const boardNames = ['pi3', 'pi4', 'pi5', 'uefi'] as const;
export const BoardName = z.enum(boardNames);
export type BoardName = z.infer<typeof BoardName>;

export interface Board {
  readonly title: string;
  /** Cores, as Slurm's node lines want them. */
  readonly cpus: number;
  /** Smallest memory the family is sold with, in MiB; used when a node does not say its own. */
  readonly memoryMib: number;
  /** Device tree files (without folder) the firmware of this family asks for. */
  readonly deviceTrees: readonly string[];
  /** Kernel modules of the boot NIC, without which the initramfs cannot reach the root. */
  readonly networkModules: readonly string[];
  /** compatible string of the wired NIC that must stand in the device tree; undefined where the NIC sits on USB. */
  readonly networkCompatible: string | undefined;
  /** Serial console of the real board. */
  readonly console: string;
}

export const boards: Readonly<Record<BoardName, Board>> = {
  pi3: {
    title: 'Raspberry Pi 3B, 3B+, 2B v1.2',
    cpus: 4,
    memoryMib: 1024,
    deviceTrees: ['bcm2710-rpi-3-b.dtb', 'bcm2710-rpi-3-b-plus.dtb', 'bcm2837-rpi-3-b.dtb', 'bcm2837-rpi-3-b-plus.dtb'],
    networkModules: ['smsc95xx', 'lan78xx', 'dwc2'],
    networkCompatible: undefined,
    console: 'ttyS1,115200',
  },
  pi4: {
    title: 'Raspberry Pi 4B, 400, CM4',
    cpus: 4,
    memoryMib: 1024,
    deviceTrees: ['bcm2711-rpi-4-b.dtb', 'bcm2711-rpi-400.dtb', 'bcm2711-rpi-cm4.dtb'],
    networkModules: ['genet', 'bcm_phy_ptp', 'broadcom', 'mdio_bcm_unimac'],
    networkCompatible: 'brcm,bcm2711-genet-v5',
    console: 'ttyS1,115200',
  },
  pi5: {
    title: 'Raspberry Pi 5, 500, CM5',
    cpus: 4,
    memoryMib: 2048,
    deviceTrees: ['bcm2712-rpi-5-b.dtb', 'bcm2712-rpi-cm5-cm5io.dtb'],
    networkModules: ['rp1_pci', 'clk_rp1', 'pinctrl_rp1', 'macb', 'broadcom'],
    networkCompatible: 'raspberrypi,rp1-gem',
    console: 'ttyAMA10,115200',
  },
  uefi: {
    title: 'any arm64 machine with UEFI PXE or U-Boot',
    cpus: 1,
    memoryMib: 1024,
    deviceTrees: [],
    networkModules: ['virtio_net'],
    networkCompatible: undefined,
    console: 'ttyAMA0',
  },
};

/**
 * Ethernet vendor prefixes of Raspberry Pi Ltd. A hint only: EEPROM MAC_ADDRESS and OTP can override them.
 * The ltsp project's dnsmasq file lists these seven (2025-09).
 */
export const raspberryPiOuis = [
  'b8:27:eb',
  'dc:a6:32',
  'e4:5f:01',
  '28:cd:c1',
  'd8:3a:dd',
  '2c:cf:67',
  '88:a2:9e',
] as const;
