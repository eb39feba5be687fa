/** Boots that stop after a phase, and parts of the service that fail under them: the whole service says at what. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { DoctorBoard } from '../support/doctor-board.ts';
import { storageAddress } from '../support/serve-fixture.ts';

const patience = { timeout: 25_000, interval: 300 };
const wrongOf = async (board: DoctorBoard) => String(await board.wrong());
const overlay =
  'apply_overlay; report overlay "" "digest=$digest&agent=yes"; token=$(cat $new_root/etc/pi-image/boot.key)';

describe('a boot that stops', () => {
  let board: DoctorBoard;
  beforeAll(async () => {
    board = await DoctorBoard.open('4s');
    await board.site.serve();
  }, 60_000);
  afterAll(() => board.close());

  test.each([
    [
      'before it has the time',
      'report kernel',
      /^no-clock: not ready within 4s: it has an address, and got no time over HTTP/,
    ],
    ['before it has a root', 'report network', /^no-root: .*it has the network, and did not mount its root/],
    ['before it has its overlay', 'report root', /^no-overlay: .*its root is mounted, and its overlay was not applied/],
    ['before its system speaks', overlay, /^system-silent: .*its overlay is applied, and its system reported nothing/],
    [
      'before its units are active',
      `${overlay}; report userspace`,
      /^units-not-active: .*its system runs, and a unit of its role is not active yet/,
    ],
  ])('%s', async (_name, script, words) => {
    await board.site.powerOn();
    await board.initramfs(script);

    await expect.poll(() => wrongOf(board), patience).toMatch(words);
    await board.untilClosed();
  });

  test('more than three times says so', async () => {
    expect(await board.notes()).toContainEqual(
      expect.stringMatching(/^again-and-again: its last \d boots came to nothing/),
    );
  });
});

describe('a part of the service fails', () => {
  let board: DoctorBoard;
  afterEach(() => board.close());

  test('NFS, while a node mounts its root', async () => {
    board = await DoctorBoard.open('5m');
    // This machine's kernel serves no NFS.
    await board.site.serve('--nfs', 'kernel');
    await board.site.powerOn();
    await board.initramfs('report network');

    await expect.poll(() => wrongOf(board), patience).toMatch(/^nfs-down-at-boot: NFS is not served: /);
  });

  test('HTTP, after a kernel had reported', async () => {
    board = await DoctorBoard.open('5m');
    const service = await board.site.serve();
    await board.site.powerOn();
    await board.initramfs('report kernel');
    await service.stop();
    const listen = `require('net').createServer().listen(80, '${storageAddress}', () => console.log('taken'))`;
    await board.site.net.start('storage', [process.execPath, '-e', listen]).line(/taken/);
    await board.site.serve();

    await expect.poll(() => wrongOf(board), patience).toMatch(/^http-down-at-boot: HTTP is not served: /);
  });

  test('DHCP, before a board was heard', async () => {
    board = await DoctorBoard.open('5m');
    const bind = `require('dgram').createSocket('udp4').bind(67, () => console.log('taken'))`;
    await board.site.net.start('storage', [process.execPath, '-e', bind]).line(/taken/);
    const service = board.site.startServe();
    await service.line(/part\.failed part=dhcp/);

    await expect.poll(() => wrongOf(board), patience).toMatch(/^dhcp-down: DHCP is not served: /);
  });

  test('none: a node that cannot boot is told why', async () => {
    board = await DoctorBoard.open('5m');
    await board.site.serve();
    await board.site.apply([
      { name: 'node01', mac: 'dc:a6:32:00:00:01', board: 'pi4', address: '10.42.0.11', role: 'other' },
    ]);

    await expect.poll(() => wrongOf(board), patience).toMatch(/^cannot-boot: it cannot boot: .*the image absent/);
  });
});
