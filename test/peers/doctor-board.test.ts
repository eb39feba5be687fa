/** Boards and images with a fault, each beside a service of its own: the doctor names it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { DoctorBoard, node01, pi4Files } from '../support/doctor-board.ts';
import { eepromImage } from '../support/eeprom-image.ts';
import { storageAddress } from '../support/serve-fixture.ts';

describe('an image', () => {
  test.concurrent('without the device tree of the board', async () => {
    const { 'bcm2711-rpi-4-b.dtb': _left, ...files } = pi4Files;
    const words = /^file-missing: .*it does not get 9ffefdef\/bcm2711-rpi-4-b\.dtb: not among the boot files of small@/;
    const use = async (board: DoctorBoard) => {
      await board.site.serve();
      board.firmware();

      await board.says(words);
    };
    await DoctorBoard.with('3s', use, files);
  });

  test.concurrent('whose kernel is larger than an EEPROM of 2022 can count', async () => {
    const words =
      'file-too-large: its loader cannot count further than 65535 blocks of 1468 bytes, and 9ffefdef/kernel8.img has 100.0 MB';
    const use = async (board: DoctorBoard) => {
      await board.site.serve();
      await staysOldAfterUpdate(board);

      board.firmware({ eeprom: '2022-10-18' });
      await board.says(words, 'node01', 90_000);
    };
    await DoctorBoard.with('5m', use, { ...pi4Files, 'kernel8.img': 100_000_000 });
  });
});

/** A boot whose agent says that its loader is the one of 2022, although an update is staged for it. */
async function staysOldAfterUpdate(board: DoctorBoard): Promise<void> {
  const image = path.join(board.site.dir, 'pieeprom.bin');
  await writeFile(image, eepromImage());
  await board.site.command('node', 'eeprom', 'set', 'node01', '--image', image);
  await board.site.powerOn();
  const built = (Date.UTC(2022, 9, 18) / 1000).toString(16).padStart(8, '0');
  const form = `build=${built}&update=${built}&capabilities=0000007f&config=BOOT_ORDER`;
  await board.initramfs(`report root; apply_overlay; report overlay "" "digest=$digest&agent=yes"
    token=$(cat $new_root/etc/pi-image/boot.key); report userspace
    wget -q -O /dev/null --header "Authorization: Bearer $token" --post-data "${form}" "http://$server/boot/v1/eeprom"`);

  await board.notesThat(
    /^old-loader: its boot loader of 2022-10-18 counts no further than 65535 blocks, and kernel8\.img has 100\.0 MB$/,
  );
  await board.notesThat(
    /^eeprom-update-failed: the update of its EEPROM failed: it booted, and did not ask for its update$/,
  );
}

describe('a board', () => {
  // The service forgets a server that its own look, every three minutes, does not find.
  test.concurrent('beside another DHCP server, which it chose', () =>
    DoctorBoard.with('6s', async (board) => {
      const other = { name: 'node02', serial: '0000bbbb', mac: 'dc:a6:32:00:00:02', address: '10.42.0.12' };
      await board.site.apply([node01, { ...node01, ...other }]);
      await board.site.serve();
      await board.packets('discover', 'request=10.42.0.149');

      await board.says(/^foreign-server: .*it takes its address from another DHCP server, 10\.42\.0\.149/);
      await board.says(/^foreign-dhcp: another DHCP server is on the network: .*10\.42\.0\.149/, 'node02');
      await board.untilClosed();
      await board.loadKernel();
      await board.says(
        /^foreign-server-at-kernel: .*its kernel may have an address of another DHCP server: .*10\.42\.0\.149/,
      );
    }),
  );

  test.concurrent('that is switched off while it loads', () =>
    DoctorBoard.with('8s', async (board) => {
      await board.site.serve();
      await board.packets('discover', 'request', 'read=9ffefdef/config.txt:1', 'read=9ffefdef/kernel8.img:2');

      const words = /^loading-stopped: .* after 1 file \(0\.0 MB\) in 9ffefdef\/kernel8\.img, with 0\.0 MB of 5\.1 MB/;
      await board.says(words);
    }),
  );

  test.concurrent('whose file is not complete after 30 s', () =>
    DoctorBoard.with('5m', async (board) => {
      await board.site.serve();
      await board.packets('discover', 'request', 'read=9ffefdef/kernel8.img:30');

      const words = /^file-too-slow: it gave up 9ffefdef\/kernel8\.img after 30 s, with 0\.1 MB of 5\.1 MB/;
      await board.says(words);
    }),
  );

  test.concurrent('at a switch port with spanning tree: told while it boots, and the reason when it is late', () =>
    DoctorBoard.with('55s', async (board) => {
      await board.insertSwitch();
      await board.site.serve();
      await board.site.powerOn();
      const kernel = board.initramfs(
        `busybox sleep 3; begun=$(busybox date +%s); busybox sleep 1; ask_for_address; spent=$(($(busybox date +%s) - begun))
        form="phase=kernel&uptime=$spent"; wget -q -O /dev/null --header "Authorization: Bearer $token" --post-data "$form" "http://$server/boot/v1/phase"
        report network`,
      );
      await board.flapSwitchPort();
      await kernel;

      const words = /^slow-port: its switch port let nothing through for [23]\d s after its kernel had started/;
      await board.notesThat(words);
      await board.says(
        /^slow-port: not ready within 55s: its switch port let nothing through for [23]\d s/,
        'node01',
        60_000,
      );
    }),
  );
});

test.concurrent('TFTP is not served: another program has its port', () =>
  DoctorBoard.with('3s', async (board) => {
    const bind = `require('dgram').createSocket('udp4').bind(69, '${storageAddress}', () => console.log('taken'))`;
    await board.site.net.start('storage', [process.execPath, '-e', bind]).line(/taken/);
    await board.site.serve();
    await board.packets('discover', 'request');

    await board.says(/^tftp-down: .*TFTP is not served: .*69/);
    await expect(board.site.net.run('storage', board.site.argv('doctor', 'node01'))).rejects.toThrow(
      /one thing is wrong/,
    );
    const all = await board.site.net.run('storage', ['sh', '-c', `${board.site.argv('doctor').join(' ')} || true`]);
    expect(all).toMatch(/machine \S+: (?:node|MainThread) \(process \d+\) is at UDP port 69\n/);
    expect(all).toMatch(/part tftp: .*\n/);
  }),
);
