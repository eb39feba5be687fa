/** Read requests of real boards, byte by byte as they send them, against the real server and the real decision. */
import { describe, expect, test } from 'vitest';

import { tokenSlot } from '../../src/model/generation.ts';
import { NodeSpec } from '../../src/model/node.ts';
import { ImageManifest } from '../../src/model/manifest.ts';
import { decideBootFile } from '../../src/plan/boot-files.ts';
import type { TftpContent } from '../../src/serve/tftp.ts';
import { readVectors } from '../support/vectors.ts';
import { inWords } from './tftp-client.ts';
import { setUp } from './tftp-setup.ts';

const { start, newClient } = setUp();

const sizes: Readonly<Record<string, number>> = {
  'bootcode.bin': 1024,
  'start.elf': 3000,
  'start4.elf': 3000,
  'fixup.dat': 700,
  'fixup4.dat': 700,
  'bcm2710-rpi-3-b-plus.dtb': 900,
  'bcm2712-rpi-5-b.dtb': 900,
  'overlays/overlay_map.dtb': 100,
  'kernel8.img': 5000,
  initramfs_2712: 5000,
  'recovery.elf': 1,
  'pieeprom.sig': 1,
};

const manifest = ImageManifest.parse({
  format: 1,
  name: 'debian-lite',
  version: '20261121.1',
  builtAt: '2026-11-21T00:00:00Z',
  boards: ['pi3', 'pi4', 'pi5'],
  key: 'a'.repeat(64),
  bootFiles: Object.fromEntries(
    Object.entries(sizes).map(([path, sizeBytes]) => [path, { sha256: 'b'.repeat(64), sizeBytes }]),
  ),
  kernels: [],
  packages: [],
  users: {},
  groups: {},
  folderLinks: {},
  rootBytes: 0,
  rootFiles: 0,
});

/** What a node with this serial finds. */
function finder(serial: string): (path: string) => Promise<TftpContent> {
  const node = NodeSpec.parse({ name: 'node01', serial, board: 'pi4', address: '10.42.0.11', role: 'compute' });
  const generation = {
    format: 1,
    id: 'c'.repeat(64),
    node: 'node01',
    role: 'compute',
    board: 'pi4',
    image: { name: 'debian-lite', version: '20261121.1' },
    rootMode: 'shared',
    configTxt: 'kernel=kernel8.img\n',
    commandLine: `pi_image.token=${tokenSlot}\n`,
    overlayDigest: 'd'.repeat(64),
  } as const;
  const boot = { node, mac: undefined, generation, token: 't'.repeat(tokenSlot.length), manifest };
  return (path) => {
    const decision = decideBootFile({ path, boot, nodes: [node] });
    if (decision.kind === 'text') return Promise.resolve({ kind: 'bytes', bytes: decision.bytes });
    if (decision.kind === 'signed') throw new Error('its role does not boot signed');
    if (decision.kind !== 'image-file') return Promise.resolve(decision);
    return Promise.resolve({ kind: 'bytes', bytes: new Uint8Array(decision.sizeBytes) });
  };
}

/** The first answer to each request of a firmware, by name; names lose the prefix of the board. */
async function answers(vectors: string, serial: string): Promise<Record<string, string>> {
  const { names, packet } = readVectors(vectors);
  const server = await start({}, { find: finder(serial) });
  const answered: Record<string, string> = {};
  for (const name of names) {
    const client = await newClient();
    client.send(packet(name), server.port);
    const first = (await client.next()).packet;
    answered[name.replace(`${serial}/`, 'PREFIX/')] = inWords(first).replace(/(error \d).*/, '$1');
  }
  return answered;
}

describe('a Pi 4 finds its files under its prefix, and none that would flash it', () => {
  const expected = (blksize: number): Record<string, string> => ({
    'PREFIX/start4.elf': `oack tsize=3000 blksize=${blksize}`,
    'PREFIX/start.elf': `oack tsize=3000 blksize=${blksize}`,
    'config.txt': `oack tsize=19 blksize=${blksize}`,
    'recover4.elf': 'error 1',
    'recovery.elf': 'error 1',
    'start4.elf': `oack tsize=3000 blksize=${blksize}`,
    'fixup4.dat': `oack tsize=700 blksize=${blksize}`,
  });

  test.each([
    ['2019-12-03', 1024],
    ['2022-10-18', 1468],
    ['2026-08-04', 1468],
  ])('EEPROM of %s', async (date, blksize) => {
    expect(await answers(`pi4-${date}-rrq`, '1aa2bb31')).toEqual(expected(blksize));
  });

  test('EEPROM of 2020-04-16, whose capture ends before fixup4.dat', async () => {
    const { 'fixup4.dat': _none, ...rest } = expected(1024);
    expect(await answers('pi4-2020-04-16-rrq', '1aa2bb31')).toEqual(rest);
  });

  test('a board of another serial finds nothing under its prefix', async () => {
    const answered = await answers('pi4-2026-08-04-rrq', '9ffefdef');
    expect(answered).toMatchObject({ '1aa2bb31/start4.elf': 'error 1', '1aa2bb31/start.elf': 'error 1' });
  });
});

test('the boot ROM of a Pi 3 knows no options and gets data at once', async () => {
  expect(await answers('pi3-rom-rrq', '5564247d')).toEqual({
    'bootcode.bin': 'data 1 (512)',
    'bootsig.bin': 'error 1',
  });
});

test('bootcode.bin of a Pi 3 is told sizes, and no option that it did not ask for', async () => {
  expect(await answers('pi3-bootcode-rrq', '5564247d')).toMatchObject({
    'PREFIX/start.elf': 'oack tsize=3000',
    'PREFIX/config.txt': 'oack tsize=19',
    'PREFIX/recovery.elf': 'error 1',
    'PREFIX/bcm2710-rpi-3-b-plus.dtb': 'oack tsize=900',
    'PREFIX/cmdline.txt': 'oack tsize=59',
    'PREFIX/kernel8.img': 'oack tsize=5000',
  });
});

test('a Pi 5 finds kernel8.img after kernel_2712.img is missing', async () => {
  expect(await answers('pi5-2026-08-12-rrq', '2659d400')).toMatchObject({
    'PREFIX/config.txt': 'oack tsize=19 blksize=1468',
    'PREFIX/pieeprom.sig': 'error 1',
    'PREFIX/bcm2712-rpi-5-b.dtb': 'oack tsize=900 blksize=1468',
    'PREFIX/initramfs_2712': 'oack tsize=5000 blksize=1468',
    'PREFIX/kernel_2712.img': 'error 1',
    'PREFIX/kernel8.img': 'oack tsize=5000 blksize=1468',
  });
});
