/** Boards that come no further than their firmware, beside the whole service: each fault is made, and the doctor names it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { boardMac, storageAddress } from '../support/serve-fixture.ts';
import { DoctorBoard, node01, pi4Files } from '../support/doctor-board.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';

/** The service looks every five seconds. */
const patience = { timeout: 25_000, interval: 300 };
const wrongOf = async (board: DoctorBoard) => String(await board.wrong());

describe('with a service', () => {
  let board: DoctorBoard;
  const running: NamespaceProgram[] = [];
  let isChanged = false;
  const apply = (nodes: readonly Record<string, unknown>[]) => {
    isChanged = true;
    return board.site.apply(nodes);
  };
  const start = (program: NamespaceProgram) => {
    running.push(program);
    return program;
  };
  beforeAll(async () => {
    board = await DoctorBoard.open('3s');
    await board.site.serve();
  }, 60_000);
  afterEach(async () => {
    for (const program of running.splice(0)) await program.stop();
    // The next one gets a boot of its own.
    await board.untilClosed();
    if (isChanged) await board.site.apply([node01]);
    isChanged = false;
  });
  afterAll(() => board.close());

  test('no DISCOVER of any board', async () => {
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(
        /^no-discover-of-any: no DISCOVER of it was seen in the \d+s since DHCP is served, nor of any other board/,
      );
  });

  test('no DISCOVER of this one: an unknown board asks', async () => {
    await apply([{ ...node01, mac: 'dc:a6:32:00:00:99', serial: '0000aaaa' }]);
    start(board.firmware());
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(
        new RegExp(`^other-identity: no DISCOVER of it .* an unknown board asks: pi4 ${boardMac}, serial 9ffefdef$`),
      );
  });

  test('an OFFER that it does not take, told before it is late', async () => {
    await board.packets('discover', 'discover', 'discover');
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^offer-not-taken: (?:.*: )?it was offered its address 3 times, and did not take it/);
  });

  test('no DISCOVER of this one: another node was heard', async () => {
    await apply([
      node01,
      { ...node01, name: 'node02', serial: '0000bbbb', mac: 'dc:a6:32:00:00:02', address: '10.42.0.12' },
    ]);

    expect(await board.wrong('node02')).toMatch(/^no-discover: .*; node01 was heard \d+s ago$/);
  });

  test('a REQUEST, and no RRQ that arrives', async () => {
    await board.packets('discover', 'request');
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch('no-read: not ready within 3s: it took its address, and no request for a file arrived');
  });

  test('an address without a REQUEST, as of a Pi 3, and no RRQ', async () => {
    await board.packets('discover');
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch('nothing-read: not ready within 3s: it got an address and asked for no file');
  });

  test('a board of another family than its node', async () => {
    start(board.firmware({ board: 'pi5' }));
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^wrong-board: .*its board says that it is a pi5, and it is booted as a pi4/);
  });

  test('a prefix that is not the one of its node', async () => {
    await board.packets('discover', 'request', 'read=0000abcd/start4.elf:1');
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^foreign-prefix: .*it does not get 0000abcd\/start4\.elf: .*9ffefdef/);
  });

  test('a kernel that loads, and is not heard of', async () => {
    await board.loadKernel();
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^kernel-silent: .*it loaded \d+ files \(5\.\d MB\), and its kernel reported nothing/);
  });

  test('a kernel that asks for an address, and reports nothing', async () => {
    await board.loadKernel();
    await board.initramfs('ask_for_address');
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^kernel-unheard: .*its kernel runs and has asked for an address, and reported nothing/);
  });

  test('a board that starts again after its kernel had reported', async () => {
    await board.loadKernel();
    await board.initramfs('report kernel test');
    await board.packets('discover');

    const [, before] = await board.boots();
    expect(before?.closed).toMatchObject({ rule: 'restarted', cause: 'its board started again after kernel' });
    expect(await board.notes()).toContainEqual(
      expect.stringMatching(/^again-and-again: its last \d+ boots came to nothing/),
    );
  });

  test('what stands in the history and what the command prints are the same words', async () => {
    await board.packets('discover', 'request');
    await expect.poll(() => wrongOf(board), patience).toMatch(/^no-read/);

    const words = 'not ready within 3s: it took its address, and no request for a file arrived';
    expect(await board.site.command('node', 'history', 'node01')).toContain(words);
    expect(await board.site.command('node', 'show', 'node01')).toContain(`why: ${words}`);
    await expect(board.site.command('doctor', 'node01')).rejects.toThrow(/one thing is wrong/);
  });

  test('another DHCP server that it chose', async () => {
    await board.packets('discover', 'request=10.42.0.149');
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^foreign-server: .*it takes its address from another DHCP server, 10\.42\.0\.149/);
  });

  test('a kernel that loads while another DHCP server is there', async () => {
    await board.loadKernel();
    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^foreign-server-at-kernel: .*its kernel may have an address of another DHCP server: .*10\.42\.0\.149/);
  });
});

describe('an image', () => {
  let board: DoctorBoard;
  afterEach(() => board.close());

  test('without the device tree of the board', async () => {
    const { 'bcm2711-rpi-4-b.dtb': _left, ...files } = pi4Files;
    board = await DoctorBoard.open('3s', files);
    await board.site.serve();
    board.firmware();

    await expect
      .poll(() => wrongOf(board), patience)
      .toMatch(/^file-missing: .*it does not get 9ffefdef\/bcm2711-rpi-4-b\.dtb: not among the boot files of small@/);
  });

  test('whose kernel is larger than an EEPROM of 2022 can count', async () => {
    board = await DoctorBoard.open('5m', { ...pi4Files, 'kernel8.img': 100_000_000 });
    await board.site.serve();
    board.firmware({ eeprom: '2022-10-18' });

    const words =
      'file-too-large: its loader cannot count further than 65535 blocks of 1468 bytes, and 9ffefdef/kernel8.img has 100.0 MB';
    await expect.poll(() => wrongOf(board), { timeout: 90_000, interval: 1000 }).toBe(words);
  });
});

describe('a board', () => {
  let board: DoctorBoard;
  afterEach(() => board.close());

  test('that is switched off while it loads', async () => {
    board = await DoctorBoard.open('8s');
    await board.site.serve();
    await board.packets('discover', 'request', 'read=9ffefdef/config.txt:1', 'read=9ffefdef/kernel8.img:2');

    const words = /^loading-stopped: .* after 1 file \(0\.0 MB\) in 9ffefdef\/kernel8\.img, with 0\.0 MB of 5\.1 MB/;
    await expect.poll(() => wrongOf(board), patience).toMatch(words);
  });

  test('whose file is not complete after 30 s', async () => {
    board = await DoctorBoard.open('5m');
    await board.site.serve();
    await board.packets('discover', 'request', 'read=9ffefdef/kernel8.img:30');

    const words = /^file-too-slow: it gave up 9ffefdef\/kernel8\.img after 30 s, with 0\.1 MB of 5\.1 MB/;
    await expect.poll(() => wrongOf(board), patience).toMatch(words);
  });

  test('at a switch port with spanning tree', async () => {
    board = await DoctorBoard.open('5m');
    await board.insertSwitch();
    await board.site.serve();
    await board.site.powerOn();
    const kernel = board.initramfs(
      `busybox sleep 3; begun=$(busybox date +%s); busybox sleep 1; ask_for_address; spent=$(($(busybox date +%s) - begun))
      form="phase=kernel&uptime=$spent"; wget -q -O /dev/null --header "Authorization: Bearer $token" --post-data "$form" "http://$server/boot/v1/phase"`,
    );
    await board.flapSwitchPort();
    await kernel;

    await expect
      .poll(() => board.notes(), patience)
      .toContainEqual(
        expect.stringMatching(
          /^slow-port: its switch port let nothing through for [23]\d s after its kernel had started/,
        ),
      );
  });
});

test('TFTP is not served: another program has its port', async () => {
  const board = await DoctorBoard.open('3s');
  try {
    const bind = `require('dgram').createSocket('udp4').bind(69, '${storageAddress}', () => console.log('taken'))`;
    await board.site.net.start('storage', [process.execPath, '-e', bind]).line(/taken/);
    await board.site.serve();
    await board.packets('discover', 'request');

    await expect.poll(() => wrongOf(board), patience).toMatch(/^tftp-down: .*TFTP is not served: .*69/);
    await expect(board.site.net.run('storage', board.site.argv('doctor', 'node01'))).rejects.toThrow(
      /one thing is wrong/,
    );
    const all = await board.site.net.run('storage', ['sh', '-c', `${board.site.argv('doctor').join(' ')} || true`]);
    expect(all).toMatch(/machine \S+: (?:node|MainThread) \(process \d+\) is at UDP port 69\n/);
    expect(all).toMatch(/part tftp: .*\n/);
  } finally {
    await board.close();
  }
});
