/** What a U-Boot board has stored in its flash: how its own makers set it up, and where they let it load to. Bytes only. */
import { crc32 } from 'node:zlib';

/** CONFIG_ENV_SIZE of U-Boot for QEMU. */
const environmentBytes = 0x4_0000;

/** CRC of what follows, then `name=value` with a zero after each, and one more at the end. */
export function encodeUbootEnvironment(variables: Readonly<Record<string, string>>): Uint8Array {
  const text = Object.entries(variables).map(([name, value]) => `${name}=${value}\0`);
  const content = Buffer.alloc(environmentBytes - 4);
  const list = Buffer.from(`${text.join('')}\0`);
  if (list.byteLength > content.byteLength) throw new RangeError(`an environment of ${list.byteLength} bytes`);
  list.copy(content);
  const bytes = Buffer.alloc(environmentBytes);
  bytes.writeUInt32LE(crc32(content), 0);
  content.copy(bytes, 4);
  return bytes;
}

/**
 * As boards have it that are sold with U-Boot: PXE, and room for a kernel that is unpacked in memory. The default of
 * QEMU's U-Boot has neither. Addresses are of 1 GiB from 0x40000000 on.
 */
export const networkBoot: Readonly<Record<string, string>> = {
  bootdelay: '0',
  bootcmd: 'dhcp; if pxe get; then pxe boot; fi; sleep 10; reset',
  fdt_addr: '0x40000000',
  scriptaddr: '0x40200000',
  pxefile_addr_r: '0x40300000',
  kernel_addr_r: '0x40400000',
  ramdisk_addr_r: '0x44000000',
  kernel_comp_addr_r: '0x50000000',
  kernel_comp_size: '0x8000000',
  fdt_high: '0xffffffff',
  initrd_high: '0xffffffff',
};
