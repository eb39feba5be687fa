import { describe, expect, test } from 'vitest';

import type { BoardName } from '../../src/model/board.ts';
import { planImport } from '../../src/plan/boot-layout-import.ts';
import { planBootLayout } from '../../src/plan/boot-layout.ts';

const firmware = ['bootcode.bin', 'start.elf', 'start4.elf', 'fixup.dat', 'fixup4.dat', 'overlays/README.md'].map(
  (name) => `usr/lib/raspi-firmware/${name}`,
);

/** As Debian's linux-image-6.12 lays it out. */
function debian612(): string[] {
  const release = '6.12.117+deb13-arm64';
  return [
    `boot/vmlinuz-${release}`,
    `usr/lib/modules/${release}/modules.dep`,
    `usr/lib/linux-image-${release}/broadcom/bcm2711-rpi-4-b.dtb`,
    `usr/lib/linux-image-${release}/broadcom/bcm2837-rpi-3-b.dtb`,
    `usr/lib/linux-image-${release}/broadcom/bcm4908-asus.dtb`,
    `usr/lib/linux-image-${release}/allwinner/sun50i.dtb`,
  ];
}

/** As Debian's linux-image-7.2 does; boot/ has a copy of vmlinuz too. */
function debian72(): string[] {
  const release = '7.2.12+deb13-arm64';
  return [
    `boot/vmlinuz-${release}`,
    `usr/lib/modules/${release}/vmlinuz`,
    `usr/lib/modules/${release}/modules.dep`,
    `usr/lib/modules/${release}/dtb/broadcom/bcm2711-rpi-4-b.dtb`,
    `usr/lib/modules/${release}/dtb/broadcom/bcm2712-rpi-5-b.dtb`,
    `usr/lib/modules/${release}/kernel/net/dummy.ko.xz`,
  ];
}

/** As Raspberry Pi's linux-image-rpi-v8 and -2712 do. */
function raspberryPi(flavour: 'v8' | '2712'): string[] {
  const release = `6.12.47+rpt-rpi-${flavour}`;
  return [
    `boot/vmlinuz-${release}`,
    `usr/lib/modules/${release}/modules.dep`,
    `usr/lib/linux-image-${release}/broadcom/bcm2711-rpi-4-b.dtb`,
    `usr/lib/linux-image-${release}/broadcom/bcm2712-rpi-5-b.dtb`,
    `usr/lib/linux-image-${release}/overlays/disable-bt.dtbo`,
    `usr/lib/linux-image-${release}/overlays/overlay_map.dtb`,
    `usr/lib/linux-image-${release}/overlays/README`,
  ];
}

const namesOf = (copies: ReadonlyMap<string, string>) => [...copies.keys()].toSorted();

test("Debian's 6.12 keeps vmlinuz in boot/ and device trees beside the modules' folder", () => {
  const layout = planBootLayout([...firmware, ...debian612()], ['pi3', 'pi4']);
  expect(layout.kernels).toEqual([
    {
      release: '6.12.117+deb13-arm64',
      source: 'boot/vmlinuz-6.12.117+deb13-arm64',
      kernel: 'kernel8.img',
      initramfs: 'initramfs8',
      boards: ['pi3', 'pi4'],
    },
  ]);
  expect(namesOf(layout.copies)).toEqual([
    'bcm2710-rpi-3-b.dtb',
    'bcm2711-rpi-4-b.dtb',
    'bcm2837-rpi-3-b.dtb',
    'bootcode.bin',
    'fixup.dat',
    'fixup4.dat',
    'start.elf',
    'start4.elf',
  ]);
});

test('device trees with mainline names are there under the names that firmware asks for', () => {
  const { copies } = planBootLayout([...firmware, ...debian612()], ['pi3']);
  expect(copies.get('bcm2710-rpi-3-b.dtb')).toBe(copies.get('bcm2837-rpi-3-b.dtb'));
});

test("Debian's 7.2 keeps both below its modules", () => {
  const layout = planBootLayout([...firmware, ...debian72()], ['pi4', 'pi5', 'uefi']);
  expect(layout.kernels[0]?.source).toBe('usr/lib/modules/7.2.12+deb13-arm64/vmlinuz');
  expect(layout.kernels[0]?.boards).toEqual(['pi4', 'pi5']);
  expect(namesOf(layout.copies)).toContain('bcm2712-rpi-5-b.dtb');
});

test("Raspberry Pi's kernels are two, and a Pi 5 gets the device tree of its own", () => {
  const files = [...firmware, ...raspberryPi('v8'), ...raspberryPi('2712')];
  const layout = planBootLayout(files, ['pi3', 'pi4', 'pi5']);
  expect(layout.kernels.map(({ kernel, initramfs, boards }) => [kernel, initramfs, boards])).toEqual([
    ['kernel8.img', 'initramfs8', ['pi3', 'pi4']],
    ['kernel_2712.img', 'initramfs_2712', ['pi5']],
  ]);
  expect(namesOf(layout.copies)).toContain('overlays/overlay_map.dtb');
  expect(layout.copies.get('bcm2712-rpi-5-b.dtb')).toBe(
    'usr/lib/linux-image-6.12.47+rpt-rpi-2712/broadcom/bcm2712-rpi-5-b.dtb',
  );
});

describe("an official card's FAT", () => {
  const names = [
    'bootcode.bin',
    'start.elf',
    'start4.elf',
    'fixup.dat',
    'fixup4.dat',
    'kernel8.img',
    'kernel_2712.img',
    'initramfs8',
    'initramfs_2712',
    'config.txt',
    'cmdline.txt',
    'LICENCE.broadcom',
    'bcm2710-rpi-3-b.dtb',
    'bcm2711-rpi-4-b.dtb',
    'bcm2712-rpi-5-b.dtb',
    'overlays/README',
    'overlays/disable-bt.dtbo',
    'overlays/overlay_map.dtb',
  ];
  const modules = (...releases: string[]) => releases.map((release) => `usr/lib/modules/${release}/modules.dep`);
  const card = (folder: string) => names.map((name) => `${folder}/${name}`);

  test.each([
    ['boot/firmware', '6.12.47+rpt-rpi-v8', '6.12.47+rpt-rpi-2712'],
    ['boot', '6.1.21-v8+', '6.1.21-v8-16k+'],
  ])('in /%s has kernels, firmware and device trees; initramfs and texts are ours', (folder, general, forPi5) => {
    const releases = modules('6.1.21+', '6.1.21-v7l+', general, forPi5);
    const layout = planBootLayout([...card(folder), ...releases], ['pi3', 'pi4', 'pi5']);
    expect(layout.kernels).toEqual([
      {
        release: general,
        source: `${folder}/kernel8.img`,
        kernel: 'kernel8.img',
        initramfs: 'initramfs8',
        boards: ['pi3', 'pi4'],
      },
      {
        release: forPi5,
        source: `${folder}/kernel_2712.img`,
        kernel: 'kernel_2712.img',
        initramfs: 'initramfs_2712',
        boards: ['pi5'],
      },
    ]);
    expect(namesOf(layout.copies)).toEqual([
      'bcm2710-rpi-3-b.dtb',
      'bcm2711-rpi-4-b.dtb',
      'bcm2712-rpi-5-b.dtb',
      'bootcode.bin',
      'fixup.dat',
      'fixup4.dat',
      'overlays/disable-bt.dtbo',
      'overlays/overlay_map.dtb',
      'start.elf',
      'start4.elf',
    ]);
    expect(layout.copies.get('start4.elf')).toBe(`${folder}/start4.elf`);
  });

  test('is older than packages that were installed later', () => {
    const installed = [...firmware, ...raspberryPi('v8'), ...modules('6.6.1+rpt-rpi-v8')];
    const layout = planBootLayout([...card('boot/firmware'), ...installed], ['pi4']);
    expect(layout.kernels.map(({ source }) => source)).toEqual(['boot/vmlinuz-6.12.47+rpt-rpi-v8']);
    expect(layout.copies.get('start4.elf')).toBe('usr/lib/raspi-firmware/start4.elf');
    expect(layout.copies.get('bcm2711-rpi-4-b.dtb')).toMatch(/^usr\/lib\/linux-image-/);
  });

  test('with modules of two kernels does not say which is its own', () => {
    const releases = modules('6.6.1+rpt-rpi-v8', '6.12.1+rpt-rpi-v8');
    expect(() => planBootLayout([...card('boot/firmware'), ...releases], ['pi4'])).toThrow(
      'the image has 2 kernels: 6.12.1+rpt-rpi-v8, 6.6.1+rpt-rpi-v8',
    );
  });

  test('without modules for its kernel is no kernel', () => {
    expect(() => planBootLayout([...card('boot/firmware'), ...modules('6.1.21-v7l+')], ['pi4'])).toThrow(
      'the image has no kernel',
    );
  });
});

test('a machine with UEFI starts the same kernel with an initramfs of its own, which has drivers for any card', () => {
  const kernels = (boards: readonly BoardName[]) =>
    planBootLayout([...firmware, ...debian72()], boards).kernels.map((each) => [each.initramfs, each.boards]);
  expect(kernels(['pi4', 'uefi'])).toEqual([
    ['initramfs8', ['pi4']],
    ['initramfs_uefi', ['uefi']],
  ]);
  expect(kernels(['uefi'])).toEqual([['initramfs_uefi', ['uefi']]]);
  expect(kernels(['pi4'])).toEqual([['initramfs8', ['pi4']]]);
});

test('a machine with UEFI needs no firmware of ours', () => {
  expect(namesOf(planBootLayout(debian612(), ['uefi']).copies)).not.toContain('start4.elf');
});

test.each([
  ['no kernel', firmware, /has no kernel/],
  ['modules but no kernel', ['usr/lib/modules/6.12/modules.dep'], /has no kernel/],
  ['two kernels', [...firmware, ...debian612(), ...debian72()], /2 kernels: 6\.12\.117\+deb13-arm64, 7\.2\.12/],
  ['no firmware', debian72(), /no Raspberry Pi firmware/],
])('a root with %s is refused', (_name, files, message) => {
  expect(() => planBootLayout(files, ['pi4'])).toThrow(message);
});

describe('an imported boot folder', () => {
  const both = ['kernel8.img', 'initramfs8', 'start4.elf', 'fixup4.dat', 'kernel_2712.img', 'initramfs_2712'];
  const releases = ['6.12.47+rpt-rpi-2712', '6.12.47+rpt-rpi-v8'];

  test('says which boards boot which kernel', () => {
    expect(planImport(both, releases, ['pi4', 'pi5'])).toEqual([
      { release: '6.12.47+rpt-rpi-v8', kernel: 'kernel8.img', initramfs: 'initramfs8', boards: ['pi4'] },
      { release: '6.12.47+rpt-rpi-2712', kernel: 'kernel_2712.img', initramfs: 'initramfs_2712', boards: ['pi5'] },
    ]);
  });

  test('may have an initramfs for machines with UEFI alone', () => {
    const images = (...more: string[]) =>
      planImport([...both.slice(0, 4), ...more], ['7.2.12+deb13-arm64'], ['pi4', 'uefi']).map((each) => [
        each.initramfs,
        each.boards,
      ]);
    expect(images()).toEqual([['initramfs8', ['pi4', 'uefi']]]);
    expect(images('initramfs_uefi')).toEqual([
      ['initramfs8', ['pi4']],
      ['initramfs_uefi', ['uefi']],
    ]);
  });

  test('for a Pi 5 may have the one kernel of all boards', () => {
    expect(planImport(['kernel8.img', 'initramfs8'], ['7.2.12+deb13-arm64'], ['pi5'])[0]?.boards).toEqual(['pi5']);
  });

  test.each([
    ['without a kernel', ['initramfs8', 'start4.elf', 'fixup4.dat'], releases, /lacks kernel8\.img$/],
    ['without an initramfs and firmware', ['kernel8.img'], releases, /lacks initramfs8, start4\.elf, fixup4\.dat$/],
    ['without modules in the root', both, [], /no modules for kernel8\.img/],
    ['with modules of two kernels', both, ['6.1-arm64', '6.12-arm64'], /modules of 2 kernels/],
  ])('%s is refused', (_name, files, modules, message) => {
    expect(() => planImport(files, modules, ['pi4'])).toThrow(message);
  });
});
