import { describe, expect, test } from 'vitest';

import { bootFolder, planCard } from '../../src/plan/card-image.ts';
import { mbr } from '../support/partition-table.ts';

const MiB = 1024 * 1024;
const fat = { type: 0x0c, startBytes: 8 * MiB, sizeBytes: 16 * MiB };
const linux = { type: 0x83, startBytes: 24 * MiB, sizeBytes: 16 * MiB };

test('an official card: FAT first, then ext4', () => {
  const { boot, root } = planCard(mbr(1, [fat, linux]), 40 * MiB, 'x.img');
  expect([boot?.number, root.number]).toEqual([1, 2]);
});

test('a card without FAT has no boot files', () => {
  expect(planCard(mbr(1, [linux]), 40 * MiB, 'x.img').boot).toBeUndefined();
});

test.each<[why: string, head: Uint8Array, imageBytes: number, says: string]>([
  ['no image at all', Buffer.from('hello'), 5, 'x.img is not the image of a card: no partition table'],
  [
    'cut short',
    mbr(1, [fat, linux]),
    39 * MiB,
    'x.img is cut short: it has 40894464 bytes, and partition 2 ends at 41943040',
  ],
  ['no root', mbr(1, [fat]), 40 * MiB, 'x.img has no Linux partition: 1 (0c)'],
  [
    'two roots',
    mbr(1, [linux, { ...linux, startBytes: 40 * MiB }]),
    60 * MiB,
    'x.img has 2 Linux partitions: 1 (83), 2 (83)',
  ],
])('%s is refused', (_why, head, imageBytes, says) => {
  expect(() => planCard(head, imageBytes, 'x.img')).toThrow(says);
});

describe('the boot folder', () => {
  test.each([
    ['PARTUUID=a1b2c3d4-01  /boot/firmware  vfat  defaults  0  2', 'boot/firmware'],
    ['proc /proc proc defaults 0 0\nPARTUUID=a1b2c3d4-01 /boot vfat defaults,flush 0 2', 'boot'],
    ['UUID=1234-ABCD /boot/efi vfat umask=0077 0 1', 'boot/efi'],
    ['# PARTUUID=a-01 /boot vfat\nPARTUUID=a-02 / ext4', 'boot/firmware'],
    ['/dev/sda1 /boot/../../etc vfat defaults', 'boot/firmware'],
    ['', 'boot/firmware'],
  ])('%j -> %s', (fstab, folder) => {
    expect(bootFolder(fstab)).toBe(folder);
  });
});
