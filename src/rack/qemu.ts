/** The machine that stands in for a board once its firmware has loaded a kernel: arguments only, nothing is started here. */
import type { Argv } from '../host/process.ts';
import type { MacAddress } from '../model/mac.ts';

export type MachineStart =
  /** Files as the board's firmware loaded them. */
  | {
      readonly kind: 'kernel';
      readonly kernel: string;
      readonly initramfs: string | undefined;
      readonly commandLine: string;
    }
  /** A real firmware, which loads them itself. */
  | {
      readonly kind: 'firmware';
      readonly bios: string;
      /** What the board keeps without power. */
      readonly flash: string | undefined;
      /** QEMU's way to set it up: name -> text. */
      readonly settings: Readonly<Record<string, string>>;
    };

export interface Machine {
  readonly cpus: number;
  readonly memoryMib: number;
  /** UTC, as QEMU's -rtc base= takes it: `utc` or `2020-01-01`. */
  readonly clock: string;
  /** `kvm` where the rack's own processor is an arm64 with it, else emulation. */
  readonly accelerator: 'tcg' | 'kvm';
  readonly mac: MacAddress;
  readonly tap: string;
  readonly start: MachineStart;
  readonly consoleLog: string;
  readonly controlSocket: string;
}

const consoleOfVirt = 'console=ttyAMA0';

/**
 * A reset or power-off by the guest stops QEMU with the machine still there (-no-reboot, -no-shutdown),
 * so that its reason can be read before the machine is thrown away.
 */
export function qemuArgv(machine: Machine): Argv {
  const isNative = machine.accelerator === 'kvm';
  const options: readonly (readonly [name: string, value: string])[] = [
    ['-M', isNative ? 'virt,gic-version=host' : 'virt'],
    ['-cpu', isNative ? 'host' : 'cortex-a72'],
    ['-accel', machine.accelerator],
    ['-smp', String(machine.cpus)],
    ['-m', String(machine.memoryMib)],
    ['-display', 'none'],
    ['-rtc', `base=${machine.clock}`],
    ['-chardev', `file,id=console,path=${escapeComma(machine.consoleLog)},append=on`],
    ['-serial', 'chardev:console'],
    ['-qmp', `unix:${escapeComma(machine.controlSocket)},server=on,wait=off`],
    ['-netdev', `tap,id=net,ifname=${machine.tap},script=no,downscript=no`],
    // Without a boot ROM: what a board boots is decided by its firmware. U-Boot 2023.01 misreads the MAC of a legacy card.
    ['-device', `virtio-net-pci,netdev=net,mac=${machine.mac},romfile=,disable-legacy=on`],
    ['-device', 'virtio-rng-pci'],
    ...startOptions(machine.start),
  ];
  return ['qemu-system-aarch64', '-nodefaults', '-no-reboot', '-no-shutdown', ...options.flat()];
}

function startOptions(start: MachineStart): (readonly [name: string, value: string])[] {
  if (start.kind === 'kernel') {
    return [
      ['-kernel', start.kernel],
      ...(start.initramfs === undefined ? [] : [['-initrd', start.initramfs] as const]),
      ['-append', withConsole(start.commandLine)],
    ];
  }
  const { bios, flash, settings } = start;
  return [
    ['-bios', bios],
    ...(flash === undefined ? [] : [['-drive', `if=pflash,unit=1,format=raw,file=${escapeComma(flash)}`] as const]),
    ...Object.entries(settings).map(([name, text]) => ['-fw_cfg', `name=${name},string=${text}`] as const),
  ];
}

/** The board's consoles become the one that QEMU's machine has; nothing else changes. */
export function withConsole(commandLine: string): string {
  const words = commandLine.split(' ').filter((word) => word !== '');
  const first = words.findIndex((word) => word.startsWith('console='));
  const others = words.filter((word) => !word.startsWith('console='));
  return others.toSpliced(first === -1 ? others.length : first, 0, consoleOfVirt).join(' ');
}

/** QEMU ends a value at a comma. */
function escapeComma(path: string): string {
  return path.replaceAll(',', ',,');
}
