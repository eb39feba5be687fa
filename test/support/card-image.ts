/** Images of cards as Raspberry Pi publishes them: MBR, FAT32 with the firmware's files at 8 MiB, ext4 behind it. */
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { makeFatImage } from '../../src/host/fat-image.ts';
import { run } from '../../src/host/process.ts';
import { mbr } from './partition-table.ts';

const MiB = 1024 * 1024;

export const cardDiskId = 0xa1b2c3d4;
/** As fstab and cmdline.txt name the partitions. */
export const cardPartUuid = (number: number) => `${cardDiskId.toString(16)}-0${number}`;

export interface CardContent {
  /** The root file system; everything of it is taken as it is. */
  readonly root: string;
  readonly rootBytes: number;
  /** A text, or a file of this machine. */
  readonly bootFiles: Readonly<Record<string, string | { readonly source: string }>>;
  readonly bootBytes?: number;
}

/** Writes `<dir>/card.img`; everything else there is removed again. */
export async function makeCardImage(dir: string, content: CardContent, signal: AbortSignal): Promise<string> {
  const { root, rootBytes, bootFiles: boot, bootBytes = 34 * MiB } = content;
  const [card, fat, ext4] = ['card.img', 'fat.img', 'ext4.img'].map((name) => path.join(dir, name));
  if (card === undefined || fat === undefined || ext4 === undefined) throw new Error('three names');
  const files = Object.entries(boot).map(([name, file]) =>
    typeof file === 'string' ? { path: name, text: file } : { path: name, source: file.source },
  );
  const layout = { width: 32, sizeBytes: bootBytes, rootEntries: 0, epochSeconds: 1_700_000_000 } as const;
  await makeFatImage(fat, { ...layout, files }, signal);
  await truncate(await emptyFile(ext4), rootBytes);
  const shape = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-L', 'rootfs', '-E', 'lazy_itable_init=1,nodiscard'];
  await run(['mke2fs', ...shape, '-d', root, ext4], { signal });
  const startBytes = 8 * MiB + bootBytes;
  await truncate(await emptyFile(card), startBytes + rootBytes);
  const sector = mbr(cardDiskId, [
    { type: 0x0c, startBytes: 8 * MiB, sizeBytes: bootBytes },
    { type: 0x83, startBytes, sizeBytes: rootBytes },
  ]);
  const table = path.join(dir, 'mbr');
  await writeFile(table, sector);
  for (const [from, at] of [
    [table, 0],
    [fat, 8 * MiB],
    [ext4, startBytes],
  ] as const) {
    const place = ['oflag=seek_bytes', `seek=${at}`, 'bs=1M', 'conv=sparse,notrunc', 'status=none'];
    await run(['dd', `if=${from}`, `of=${card}`, ...place], { signal });
    await rm(from);
  }
  return card;
}

async function emptyFile(file: string): Promise<string> {
  await writeFile(file, '');
  return file;
}

export const sampleRelease = '6.12.47+rpt-rpi-v8';

/** The firmware's files, as small as they may be. */
export const sampleBootFiles: Readonly<Record<string, string>> = {
  'bootcode.bin': 'bootcode',
  'config.txt': 'auto_initramfs=1\n',
  'cmdline.txt': `console=serial0,115200 console=tty1 root=PARTUUID=${cardPartUuid(2)} rootfstype=ext4 fsck.repair=yes rootwait resize\n`,
  'kernel8.img': 'kernel for all',
  'kernel_2712.img': 'kernel for a Pi 5',
  initramfs8: 'theirs',
  initramfs_2712: 'theirs',
  'start.elf': 'start',
  'start4.elf': 'start4',
  'fixup.dat': 'fixup',
  'fixup4.dat': 'fixup4',
  'bcm2710-rpi-3-b.dtb': 'tree of a 3',
  'bcm2711-rpi-4-b.dtb': 'tree of a 4',
  'bcm2712-rpi-5-b.dtb': 'tree of a 5',
  'overlays/README': 'read me',
  'overlays/disable-bt.dtbo': 'overlay',
  'overlays/a-name-that-no-8.3-can-hold.dtbo': 'long',
};

/** $1 a folder: everything that a root may hold and a bad copy loses. */
const rootScript = `
cd "$1"
mkdir -p etc usr/bin usr/lib/modules/$2 boot/firmware dev var/tmp home/pi/.ssh
printf 'root:x:0:0:root:/root:/bin/sh\\npi:x:1000:1000::/home/pi:/bin/sh\\n' > etc/passwd
printf 'root:x:0:\\npi:x:1000:\\n' > etc/group
printf 'PARTUUID=$3-01  /boot/firmware  vfat  defaults  0  2\\nPARTUUID=$3-02  /  ext4  defaults,noatime  0  1\\n' > etc/fstab
printf 'ID=debian\\nVERSION_CODENAME=trixie\\n' > etc/os-release
: > usr/lib/modules/$2/modules.dep
echo ping > usr/bin/ping; chmod 755 usr/bin/ping; setcap cap_net_raw+ep usr/bin/ping
echo su > usr/bin/su; chmod 4755 usr/bin/su
echo data > usr/bin/marked; setfattr -n user.note -v kept usr/bin/marked; setfacl -m u:1000:r usr/bin/marked
echo one > usr/bin/first; ln usr/bin/first usr/bin/second; ln usr/bin/first var/third
ln -s first usr/bin/link; ln -s /etc/passwd usr/bin/absolute; ln -s nowhere usr/bin/dangling
mknod -m 600 dev/console c 5 1; mknod -m 660 dev/loop0 b 7 0; mkfifo -m 620 var/pipe
chmod 1777 var/tmp; chmod 700 home/pi/.ssh; echo key > home/pi/.ssh/authorized_keys; chown -R 1000:1000 home/pi
truncate -s 3M var/holes; printf end >> var/holes
touch -d @1600000000 etc/os-release; touch -h -d @1500000000 usr/bin/link
find . -depth ! -name os-release ! -name link -exec touch -h -d @1650000000 {} +
`;

/** Fills `root`; needs root. */
export async function makeSampleRoot(root: string, signal: AbortSignal): Promise<void> {
  await mkdir(root, { recursive: true });
  const diskId = cardDiskId.toString(16);
  await run(['sh', '-euc', rootScript.replaceAll('$3-', `${diskId}-`), 'sh', root, sampleRelease], { signal });
}

/** Everything that a copy must keep, one line an entry. Two trees are equal when these texts are. */
export function describeTree(root: string, signal: AbortSignal): Promise<string> {
  const script = `
cd "$1"
find . -mindepth 1 -printf '%P %y %m %U %G %s %T@ %n %l\\n' | sed 's/\\(^[^ ]* d [^ ]* [^ ]* [^ ]*\\) [^ ]*/\\1/' | LC_ALL=C sort
find . -type b -o -type c | LC_ALL=C sort | xargs -r stat -c '%n %t:%T'
getfattr -R -h -d -m - -e hex . 2>/dev/null | grep -v '^$' || true
find . -type f | LC_ALL=C sort | xargs -r -d '\\n' sha256sum
`;
  return run(['sh', '-euc', script, 'sh', root], { signal });
}
