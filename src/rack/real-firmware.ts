/** The firmware of a board that is `uefi`: EDK2 or U-Boot as Debian packs them for QEMU, set up to boot over the network. */
import { existsSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import type { RackFirmware } from '../model/rack-spec.ts';
import type { MachineStart } from './qemu.ts';
import { encodeUbootEnvironment, networkBoot } from './uboot-environment.ts';

const edk2 = { file: '/usr/share/qemu-efi-aarch64/QEMU_EFI.fd', package: 'qemu-efi-aarch64' };
const uboot = { file: '/usr/lib/u-boot/qemu_arm64/u-boot.bin', package: 'u-boot-qemu' };

/** QEMU's flash chip has this size, whatever is in it. */
const flashBytes = 64 << 20;

/** EDK2 tries IPv6, which nobody answers, for a minute; without PXE, HTTP is what is left. */
const withoutIpv6 = { 'opt/org.tianocore/IPv6PXESupport': 'n' };
const httpOnly = { ...withoutIpv6, 'opt/org.tianocore/IPv4PXESupport': 'n' };

/** @param dir the board's own */
export async function makeFirmware(firmware: RackFirmware, dir: string): Promise<MachineStart> {
  const { file, package: packageName } = firmware === 'u-boot' ? uboot : edk2;
  if (!existsSync(file)) {
    throw new HostError(`the firmware ${firmware} of a virtual board is not there: ${file}`, {
      hint: `Run "apt install ${packageName}", or "pi-image setup rack".`,
    });
  }
  if (firmware !== 'u-boot') {
    const settings = firmware === 'edk2' ? withoutIpv6 : httpOnly;
    return { kind: 'firmware', bios: file, flash: undefined, settings };
  }
  const flash = path.join(dir, 'u-boot.flash');
  await writeFile(flash, encodeUbootEnvironment(networkBoot));
  await truncate(flash, flashBytes);
  return { kind: 'firmware', bios: file, flash, settings: {} };
}
