/** Boards ask for many files that nobody has. */
import { expect, test } from 'vitest';

import { beginBoot, closeBoot } from '../../src/plan/boot-timeline.ts';
import { noteMissing } from '../../src/plan/missing-files.ts';

const facts = { id: 'b', node: 'node01', mac: 'm', address: 'a', generation: 'g', token: 's', sign: 'read' } as const;
const boot = beginBoot({ ...facts, nowMs: 0 });
const notes = (...files: string[]) =>
  files.reduce((noted, file) => noteMissing(noted, file, 'why'), boot).missing?.map(({ file }) => file);

test.each([
  'bootcode.bin',
  '9ffefdef/start4.elf',
  'start.elf',
  'config.txt',
  'cmdline.txt',
  'bcm2712-rpi-5-b.dtb',
  'dc-a6-32-00-00-01/kernel8.img',
  'kernel_2712.img',
  'vmlinuz',
  'initramfs_2712',
  'ipxe-arm64.efi',
  'autoexec.ipxe',
  'pxelinux.cfg/01-52-54-00-42-00-12',
])('%s is needed', (file) => {
  expect(notes(file)).toEqual([file]);
});

test.each([
  'bootsig.bin',
  'recovery.elf',
  'recovery8-32.img',
  'pieeprom.upd',
  'autoboot.txt',
  'bootcfg.txt',
  'dt-blob.bin',
  'armstub8-2712.bin',
  'overlays/overlay_map.dtb',
  'overlays/hat_map.dtb',
  'etc/passwd',
  'pxelinux.cfg/0A2A000C',
  'pxelinux.cfg/default-arm-qemu-arm',
  '0A2A000C.img',
  'boot.scr.uimg',
  'dtb/',
])('%s is not', (file) => {
  expect(notes(file)).toBeUndefined();
});

test('each is noted once, and no board fills the timeline', () => {
  expect(notes('start.elf', 'start.elf')).toEqual(['start.elf']);
  expect(notes(...Array.from({ length: 50 }, (_, index) => `kernel${index}.img`))).toHaveLength(8);
});

test('a boot that is closed takes no more', () => {
  const closed = closeBoot(boot, 'silent', 1);

  expect(noteMissing(closed, 'start.elf', 'why')).toBe(closed);
});
