/** What firmware takes from config.txt. */
import { expect, test } from 'vitest';

import { initramfsNameFor, parseConfigTxt } from '../../src/rack/config-txt.ts';

const parse = (text: string, board: 'pi4' | 'pi5' = 'pi4') => parseConfigTxt(Buffer.from(text), board);

test('kernel, initramfs and overlays are named', () => {
  const text =
    '# ours\narm_64bit=1\r\nkernel=kernel8.img # gzip\ninitramfs initramfs8 followkernel\ndtoverlay=disable-bt\ndtoverlay=dwc2,dr_mode=host\n';
  expect(parse(text)).toEqual({
    kernel: 'kernel8.img',
    initramfs: 'initramfs8',
    isInitramfsAutomatic: false,
    commandLine: 'cmdline.txt',
    deviceTree: undefined,
    overlays: ['disable-bt', 'dwc2'],
  });
});

test.each([
  ['pi4', 'a.img'],
  ['pi5', 'b.img'],
] as const)('%s reads only the sections that name it', (board, kernel) => {
  expect(parse('[pi4]\nkernel=a.img\n[pi5]\nkernel=b.img\n[pi3]\nkernel=c.img\n[all]\ncmdline=x.txt', board)).toEqual(
    expect.objectContaining({ kernel, commandLine: 'x.txt' }),
  );
});

test('the last of two settings counts', () => expect(parse('kernel=a\nkernel=b').kernel).toBe('b'));

test('what lies behind 4096 bytes is lost', () => {
  expect(parse(`${'#'.repeat(4095)}\nkernel=a`).kernel).toBeUndefined();
  expect(parse(`${'#'.repeat(4080)}\nkernel=a`).kernel).toBe('a');
});

test('an empty dtoverlay line ends a list and names nothing', () => expect(parse('dtoverlay=').overlays).toEqual([]));

test('an automatic initramfs is named after the kernel', () => {
  expect(parse('auto_initramfs=1').isInitramfsAutomatic).toBe(true);
  expect(initramfsNameFor('kernel8.img')).toBe('initramfs8');
  expect(initramfsNameFor('kernel_2712.img')).toBe('initramfs_2712');
});
