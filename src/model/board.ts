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
  /** What the board's loader runs before the kernel; all of it must be there. A Pi 5 carries its own. */
  readonly firmwareFiles: readonly string[];
  /** Device tree files (without folder) the firmware of this family asks for. */
  readonly deviceTrees: readonly string[];
  /** compatible string that the root of the family's device trees carries; undefined where there may be no device tree. */
  readonly machine: string | undefined;
  /**
   * Kernel modules between the CPU and the wire, beside what they need themselves: without them the initramfs cannot
   * reach the root. `a|b` is one driver under the names that Debian's and Raspberry Pi's kernels give it.
   */
  readonly networkModules: readonly string[];
  /** compatible strings of the wired NIC, or of the USB controller it hangs on, of which one must stand in the device tree. */
  readonly networkCompatible: readonly string[];
  /** Serial console of the real board. */
  readonly console: string;
  /** Nothing is sent to its loader again earlier than this: one that came late and comes twice stops old loaders. */
  readonly resendFloorMs: number;
}

export const boards: Readonly<Record<BoardName, Board>> = {
  pi3: {
    title: 'Raspberry Pi 3B, 3B+, 2B v1.2',
    cpus: 4,
    memoryMib: 1024,
    firmwareFiles: ['bootcode.bin', 'start.elf', 'fixup.dat'],
    deviceTrees: ['bcm2710-rpi-3-b.dtb', 'bcm2710-rpi-3-b-plus.dtb', 'bcm2837-rpi-3-b.dtb', 'bcm2837-rpi-3-b-plus.dtb'],
    machine: 'brcm,bcm2837',
    // The NIC hangs on the SoC's USB; cdc_ether is how QEMU's raspi3b has it.
    networkModules: ['phy_generic', 'dwc2', 'smsc', 'smsc95xx', 'microchip', 'lan78xx', 'cdc_ether'],
    networkCompatible: ['brcm,bcm2835-usb', 'brcm,bcm2708-usb'],
    console: 'ttyS1,115200',
    resendFloorMs: 1000,
  },
  pi4: {
    title: 'Raspberry Pi 4B, 400, CM4',
    cpus: 4,
    memoryMib: 1024,
    firmwareFiles: ['start4.elf', 'fixup4.dat'],
    deviceTrees: ['bcm2711-rpi-4-b.dtb', 'bcm2711-rpi-400.dtb', 'bcm2711-rpi-cm4.dtb'],
    machine: 'brcm,bcm2711',
    networkModules: ['mdio_bcm_unimac', 'broadcom', 'genet'],
    networkCompatible: ['brcm,bcm2711-genet-v5'],
    console: 'ttyS1,115200',
    resendFloorMs: 1000,
  },
  pi5: {
    title: 'Raspberry Pi 5, 500, CM5',
    cpus: 4,
    memoryMib: 2048,
    firmwareFiles: [],
    deviceTrees: ['bcm2712-rpi-5-b.dtb', 'bcm2712-rpi-cm5-cm5io.dtb'],
    machine: 'brcm,bcm2712',
    // The NIC sits in the RP1 chip behind PCIe, whose interrupts come through the MIP.
    networkModules: ['rp1_pci|rp1', 'irq_bcm2712_mip', 'clk_rp1', 'pinctrl_rp1', 'broadcom', 'macb'],
    networkCompatible: ['raspberrypi,rp1-gem'],
    console: 'ttyAMA10,115200',
    resendFloorMs: 250,
  },
  uefi: {
    title: 'any arm64 machine with UEFI PXE or U-Boot',
    cpus: 1,
    memoryMib: 1024,
    firmwareFiles: [],
    deviceTrees: [],
    machine: undefined,
    networkModules: ['virtio_net'],
    networkCompatible: [],
    console: 'ttyAMA0',
    resendFloorMs: 1000,
  },
};
