/** The boards ask for the files that real ones asked for, in that order, and start what they were given. */
import { describe, expect, test } from 'vitest';

import type { MacAddress } from '../../src/model/mac.ts';
import type { RackBoard } from '../../src/model/rack-spec.ts';
import type { Serial } from '../../src/model/serial.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { firmwareStages, type FirmwareResult } from '../../src/rack/firmware-files.ts';

function identity(board: RackBoard): BoardIdentity {
  const mac = 'dc:a6:32:12:34:56' as MacAddress;
  return { board, mac, serial: '1aa2bb31' as Serial, revision: 0xd03115, eeprom: '2026-08-04' };
}

interface Played {
  readonly asked: string[];
  /** Loader of each request, repeats left out. */
  readonly loaders: string[];
  readonly result: FirmwareResult | undefined;
}

/** Plays the server: what was asked for, and how it ended. */
function play(board: RackBoard, files: Readonly<Record<string, string>>): Played {
  const asked: string[] = [];
  const loaders: string[] = [];
  let result: FirmwareResult | undefined;
  for (const begin of firmwareStages(identity(board))) {
    const run = begin();
    let step = run.next();
    while (step.done !== true) {
      const { path, mode, client } = step.value;
      asked.push(mode === 'probe' ? `${path}?` : path);
      if (loaders.at(-1) !== client.name) loaders.push(client.name);
      const content = files[path];
      step = run.next(content === undefined ? undefined : Buffer.from(content));
    }
    result = step.value;
    if (result.kind !== 'next-stage') break;
  }
  return { asked, loaders, result };
}

const tree = {
  'config.txt': 'kernel=kernel8.img\ninitramfs initramfs8 followkernel\n',
  'start4.elf': 'elf',
  'fixup4.dat': 'fixup',
  'bcm2711-rpi-4-b.dtb': 'dtb',
  'bcm2712-rpi-5-b.dtb': 'dtb',
  'cmdline.txt': 'console=ttyS1,115200 panic=10 \nsecond line\n',
  'kernel8.img': 'kernel',
  initramfs8: 'initramfs',
};
const below = (prefix: string) => Object.fromEntries(Object.entries(tree).map(([name, text]) => [prefix + name, text]));
const without = (name: keyof typeof tree) => Object.fromEntries(Object.entries(tree).filter(([key]) => key !== name));

describe('a Pi 4', () => {
  test('asks an empty server for what the captured loader asked, and is stuck', () => {
    const { asked, result } = play('pi4', {});
    expect(asked).toEqual([
      '1aa2bb31/start4.elf?',
      '1aa2bb31/start.elf?',
      'config.txt',
      'recover4.elf',
      'recovery.elf',
      'start4.elf',
      'start.elf',
    ]);
    expect(result).toEqual({ kind: 'stuck', reason: 'neither start4.elf nor start.elf is there' });
  });

  test('keeps to its prefix when start4.elf is there, and starts what config.txt names', () => {
    const { asked, loaders, result } = play('pi4', below('1aa2bb31/'));
    expect(loaders).toEqual(['EEPROM', 'start4.elf']);
    expect(asked.map((path) => path.replace('1aa2bb31/', ''))).toEqual([
      'start4.elf?',
      'config.txt',
      'recover4.elf',
      'recovery.elf',
      'start4.elf',
      'fixup4.dat',
      'config.txt',
      'config.txt',
      'initramfs8',
      'bcm2711-rpi-4-b.dtb',
      'overlays/overlay_map.dtb',
      'cmdline.txt',
      'recovery8.img',
      'recovery8-32.img',
      'recovery7l.img',
      'recovery7.img',
      'recovery.img',
      'kernel8.img',
    ]);
    expect(asked.every((path) => path.startsWith('1aa2bb31/'))).toBe(true);
    expect(result).toEqual({
      kind: 'start',
      kernel: Buffer.from('kernel'),
      initramfs: Buffer.from('initramfs'),
      commandLine: 'console=ttyS1,115200 panic=10',
    });
  });

  test('probes an overlay before it loads it', () => {
    const config = `${tree['config.txt']}dtoverlay=dwc2\ndtoverlay=lost\n`;
    const { asked } = play('pi4', { ...tree, 'config.txt': config, 'overlays/dwc2.dtbo': 'dtbo' });
    expect(asked.filter((path) => path.includes('dtbo'))).toEqual([
      'overlays/dwc2.dtbo?',
      'overlays/dwc2.dtbo',
      'overlays/lost.dtbo?',
    ]);
  });

  test.each([
    ['fixup4.dat', 'fixup4.dat is missing: start4.elf could not set up the memory'],
    ['bcm2711-rpi-4-b.dtb', 'bcm2711-rpi-4-b.dtb is missing'],
    ['initramfs8', 'the initramfs initramfs8 is missing'],
    ['cmdline.txt', 'cmdline.txt is missing'],
    ['kernel8.img', 'the kernel kernel8.img is missing'],
  ] as const)('does not start without %s', (name, reason) => {
    expect(play('pi4', without(name)).result).toEqual({ kind: 'stuck', reason });
  });

  test('runs a recovery.elf instead of the operating system', () => {
    expect(play('pi4', { ...tree, 'recovery.elf': 'elf' }).result?.kind).toBe('stuck');
  });
});

describe('a Pi 3', () => {
  const pi3Tree = {
    ...tree,
    'bootcode.bin': 'bin',
    'start.elf': 'elf',
    'fixup.dat': 'fixup',
    'bcm2710-rpi-3-b.dtb': 'dtb',
  };

  test('loads bootcode.bin without a prefix, and what that loads below its own', () => {
    const below3 = Object.fromEntries(Object.entries(pi3Tree).map(([name, text]) => [`1aa2bb31/${name}`, text]));
    const { asked, loaders, result } = play('pi3', { ...below3, 'bootcode.bin': 'bin' });
    expect(loaders).toEqual(['ROM', 'bootcode.bin', 'start.elf']);
    expect(asked.slice(0, 3)).toEqual(['bootcode.bin', 'bootsig.bin', '1aa2bb31/start.elf?']);
    expect(asked.slice(3).map((path) => path.replace('1aa2bb31/', ''))).toEqual(
      [
        'autoboot.txt config.txt recovery.elf start.elf fixup.dat',
        'recovery.elf config.txt dt-blob.bin recovery.elf config.txt bootcfg.txt',
        'config.txt config.txt initramfs8 bcm2710-rpi-3-b.dtb bcm2710-rpi-3-b.dtb',
        'overlays/overlay_map.dtb overlays/overlay_map.dtb cmdline.txt cmdline.txt',
        'recovery8.img recovery8-32.img recovery7.img recovery.img kernel8.img',
      ].flatMap((line) => line.split(' ')),
    );
    expect(result?.kind).toBe('start');
  });

  test.each([
    ['bootcode.bin', 'bootcode.bin is missing'],
    ['start.elf', 'start.elf is missing'],
    ['fixup.dat', 'fixup.dat is missing: start.elf could not set up the memory'],
  ])('does not start without %s', (name, reason) => {
    const files = Object.fromEntries(Object.entries(pi3Tree).filter(([key]) => key !== name));
    expect(play('pi3', files).result).toEqual({ kind: 'stuck', reason });
  });
});

describe('a Pi 5', () => {
  test('needs no start4.elf and takes kernel_2712.img before kernel8.img', () => {
    const { asked, result } = play('pi5', { ...below('1aa2bb31/'), '1aa2bb31/config.txt': 'auto_initramfs=1' });
    expect(asked.map((path) => path.replace('1aa2bb31/', ''))).toEqual([
      'config.txt?',
      'config.txt',
      'pieeprom.sig',
      'bcm2712-rpi-5-b.dtb',
      'config.txt',
      'initramfs_2712',
      'initramfs8',
      'bcm2712-rpi-5-b.dtb',
      'overlays/overlay_map.dtb',
      'cmdline.txt',
      'armstub8-2712.bin',
      'kernel_2712.img',
      'kernel8.img',
    ]);
    expect(result?.kind).toBe('start');
  });

  test('stops at once without its device tree', () => {
    expect(play('pi5', without('bcm2712-rpi-5-b.dtb')).result).toEqual({
      kind: 'stuck',
      reason: 'bcm2712-rpi-5-b.dtb is missing',
    });
  });
});
