import { crc32 } from 'node:zlib';

import { expect, test } from 'vitest';

import { encodeUbootEnvironment, networkBoot } from '../../src/rack/uboot-environment.ts';

test('as mkenvimage writes it: a CRC of all the rest, then variables with a zero after each', () => {
  const bytes = Buffer.from(encodeUbootEnvironment({ a: '1', bootcmd: 'dhcp; pxe get' }));
  expect(bytes.byteLength).toBe(0x4_0000);
  expect(bytes.readUInt32LE(0)).toBe(crc32(bytes.subarray(4)));
  expect(bytes.subarray(4, 31).toString('latin1')).toBe('a=1\0bootcmd=dhcp; pxe get\0\0');
  expect(bytes.subarray(31).every((byte) => byte === 0)).toBe(true);
});

test('more than fits is refused', () => {
  expect(() => encodeUbootEnvironment({ a: 'x'.repeat(0x4_0000) })).toThrow(RangeError);
});

test('a compressed kernel can be unpacked, beside the rest', () => {
  const at = (name: string) => Number(networkBoot[name]);
  expect(at('ramdisk_addr_r') - at('kernel_addr_r')).toBeGreaterThan(32 << 20);
  expect(at('kernel_comp_addr_r') - at('ramdisk_addr_r')).toBeGreaterThan(128 << 20);
  expect(at('kernel_comp_size')).toBeGreaterThan(64 << 20);
});
