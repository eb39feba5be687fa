/** Boots that stop after a phase, and parts of the service that fail under them: the whole service says at what. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DoctorBoard, node01 } from '../support/doctor-board.ts';
import { storageAddress } from '../support/serve-fixture.ts';

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

    await board.says(words);
    await board.untilClosed();
  });

  test('more than three times says so', async () => {
    expect(await board.notes()).toContainEqual(
      expect.stringMatching(/^again-and-again: its last \d boots came to nothing/),
    );
  });
});

/** Each with a service of its own. */
describe('a part of the service fails', () => {
  test.concurrent('NFS, while a node mounts its root', () =>
    DoctorBoard.with('5m', async (board) => {
      // This machine's kernel serves no NFS.
      await board.site.serve('--nfs', 'kernel');
      await board.site.powerOn();
      await board.initramfs('report network');

      await board.says(/^nfs-down-at-boot: NFS is not served: /);
    }),
  );

  test.concurrent('HTTP, after a kernel had reported', () =>
    DoctorBoard.with('5m', async (board) => {
      const service = await board.site.serve();
      await board.site.powerOn();
      await board.initramfs('report kernel');
      await service.stop();
      const listen = `require('net').createServer().listen(80, '${storageAddress}', () => console.log('taken'))`;
      await board.site.net.start('storage', [process.execPath, '-e', listen]).line(/taken/);
      await board.site.serve();

      await board.says(/^http-down-at-boot: HTTP is not served: /);
    }),
  );

  test.concurrent('DHCP, when a kernel needs its address again, and before a board was heard', () =>
    DoctorBoard.with('25s', async (board) => {
      const other = { name: 'node02', serial: '0000bbbb', mac: 'dc:a6:32:00:00:02', address: '10.42.0.12' };
      await board.site.apply([node01, { ...node01, ...other }]);
      const before = await board.site.serve();
      await board.loadKernel();
      await before.stop();
      const bind = `require('dgram').createSocket('udp4').bind(67, () => console.log('taken'))`;
      await board.site.net.start('storage', [process.execPath, '-e', bind]).line(/taken/);
      const service = board.site.startServe();
      await service.line(/part\.failed part=dhcp/);

      await board.says(/^dhcp-down: DHCP is not served: /, 'node02');
      await board.says(
        /^no-second-address: .*its kernel needs an address again, and DHCP is not served: /,
        'node01',
        60_000,
      );
    }),
  );

  test.concurrent('none: a node that cannot boot is told why', () =>
    DoctorBoard.with('5m', async (board) => {
      await board.site.serve();
      await board.site.apply([{ ...node01, role: 'other' }]);

      await board.says(/^cannot-boot: it cannot boot: .*the image absent/);
    }),
  );
});

describe('only time tells', () => {
  test.concurrent('that a node is not reached, and that its heartbeats have stopped', () =>
    DoctorBoard.with('5m', async (board) => {
      await board.site.serve();
      await board.site.powerOn();
      await board.initramfs(`${overlay}; report userspace; report ready`);

      // No sshd listens there.
      await board.site.command('node', 'reboot', 'node01');
      await board.notesThat(/^reboot-failed: it was to reboot, and was not reached: ./);
      await board.says(/^heartbeat-stopped: its heartbeats have stopped$/, 'node01', 60_000);
    }),
  );

  test.concurrent('that a board has given up, and that what a node waits for does not come', () =>
    DoctorBoard.with('4s', async (board) => {
      const first = await board.site.serve('--no-time');
      await board.packets('discover');
      await board.untilClosed();
      await first.stop();

      const later = await board.serveLater('+3m');
      expect(await board.notes()).toContainEqual('gave-up: nothing came from it since 3m: it may have given up');
      await board.site.powerOn();
      await board.initramfs(`${overlay}; report userspace; report waiting "slurm controller"`);
      await later.stop();

      await board.serveLater('+15m');
      await board.says(/^waits: nothing was heard of it after waiting: it waited for slurm controller/);
    }),
  );
});
