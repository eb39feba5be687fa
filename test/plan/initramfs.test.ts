import { describe, expect, test } from 'vitest';

import { encodeInitramfs } from '../../src/plan/initramfs-archive.ts';
import { modulesOf, planModuleGroups } from '../../src/plan/initramfs.ts';
import { parseModules } from '../../src/plan/module-order.ts';

const loadable = [
  'nfsv4: sunrpc',
  'sunrpc:',
  'overlay:',
  'loop:',
  'squashfs: zstd_decompress',
  'zstd_decompress:',
  'virtio_net: failover',
  'failover:',
  'virtio-rng:',
  'virtio_mmio:',
  'i6300esb:',
  'bcm2835_wdt:',
  'genet:',
  'mdio-bcm-unimac:',
  'broadcom: bcm-phy-lib',
  'bcm-phy-lib:',
];
const toLine = (line: string) => line.replaceAll(/[\w-]+/g, (name) => `kernel/${name}.ko.xz`);

const indexOf = (modules: readonly string[], builtin: readonly string[] = ['virtio_pci']) =>
  parseModules({ dep: modules.map(toLine).join('\n'), builtin: builtin.map(toLine).join('\n'), softdep: '' });
const index = indexOf(loadable);

describe('the groups of an image', () => {
  test('are those of every machine, of a squashfs, of virtual machines, and of its boards', () => {
    expect(planModuleGroups(index, '7.2', ['pi4'])).toEqual([
      { group: 'every', machine: undefined, modules: ['sunrpc', 'nfsv4', 'overlay'] },
      { group: 'squash', machine: undefined, modules: ['loop', 'zstd_decompress', 'squashfs'] },
      {
        group: 'uefi',
        machine: undefined,
        modules: ['virtio_mmio', 'failover', 'virtio_net', 'virtio_rng', 'i6300esb'],
      },
      {
        group: 'pi4',
        machine: 'brcm,bcm2711',
        modules: ['bcm2835_wdt', 'mdio_bcm_unimac', 'bcm_phy_lib', 'broadcom', 'genet'],
      },
    ]);
  });

  test('of a machine with UEFI hold the card drivers that the kernel has', () => {
    const more = indexOf([...loadable, 'igb: i2c-algo-bit', 'i2c-algo-bit:', 'tg3:']);
    expect(planModuleGroups(more, '7.2', ['uefi'])[2]?.modules).toEqual(
      'virtio_mmio failover virtio_net virtio_rng i6300esb i2c_algo_bit igb tg3 mdio_bcm_unimac genet bcm_phy_lib broadcom'.split(
        ' ',
      ),
    );
  });

  test('of a Pi hold what lights its LED, as far as the kernel has it', () => {
    const lit = indexOf([...loadable, 'leds-gpio:', 'gpio-brcmstb:']);

    expect(planModuleGroups(lit, '7.2', ['pi4']).at(-1)?.modules.slice(-3)).toEqual([
      'genet',
      'gpio_brcmstb',
      'leds_gpio',
    ]);
    expect(modulesOf(planModuleGroups(lit, '7.2', ['uefi']))).not.toContain('leds_gpio');
  });

  test('hold virtual machines even when no board asks for them', () => {
    expect(modulesOf(planModuleGroups(index, '7.2', []))).toContain('virtio_net');
  });

  test('take a driver under the other name it has', () => {
    const pi5 = ['irq_bcm2712_mip', 'clk_rp1', 'pinctrl_rp1', 'macb'];
    const group = planModuleGroups(indexOf(loadable, ['virtio_pci', 'rp1', ...pi5]), '6.12-v8', ['pi5']).at(-1);

    expect(group?.modules).toEqual(['bcm2835_wdt', 'bcm_phy_lib', 'broadcom']);
  });
});

describe('a kernel without a module that is needed is refused', () => {
  test('with the board it is needed for', () => {
    expect(() => planModuleGroups(index, '6.12.107', ['pi5'])).toThrow(
      'kernel 6.12.107 has no module rp1_pci or rp1, without which pi5 (Raspberry Pi 5, 500, CM5) cannot boot',
    );
  });

  test.each(['nfsv4', 'overlay', 'loop', 'squashfs', 'virtio_net'])('on every image: %s', (name) => {
    const without = indexOf(loadable.filter((line) => !line.startsWith(`${name}:`)));

    expect(() => planModuleGroups(without, '7.2', [])).toThrow(
      `has no module ${name}, without which a node cannot boot`,
    );
  });
});

test('the archive holds the lists that boot/initramfs/lib/modules.sh reads', () => {
  const groups = planModuleGroups(index, '7.2', ['pi4']);
  const modules = new Map(modulesOf(groups).map((name) => [name, Buffer.from(`ko of ${name}`)]));
  const parts = { busybox: Buffer.from('elf'), init: Buffer.from('#!/bin/sh'), scripts: new Map(), groups, modules };

  const archive = Buffer.from(encodeInitramfs(parts)).toString('latin1');

  expect(archive).toContain(
    'every sunrpc\nevery nfsv4\nevery overlay\nsquash loop\nsquash zstd_decompress\nsquash squashfs\nuefi virtio_mmio\n',
  );
  expect(archive).toContain('pi4 bcm2835_wdt\npi4 mdio_bcm_unimac\npi4 bcm_phy_lib\npi4 broadcom\npi4 genet\n');
  expect(archive).toContain('pi4 brcm,bcm2711\n');
  for (const name of modules.keys()) expect(archive).toContain(`modules/${name}.ko\0`);
});
