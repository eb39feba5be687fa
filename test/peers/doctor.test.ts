/** Boards that come no further than their firmware, beside the whole service: each fault is made, and the doctor names it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { boardMac } from '../support/serve-fixture.ts';
import { DoctorBoard, node01 } from '../support/doctor-board.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';

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
    board = await DoctorBoard.open('6s');
    await board.site.serve();
  }, 60_000);
  afterEach(async () => {
    for (const program of running.splice(0)) await program.stop();
    // The next one gets a boot of its own.
    await board.untilClosed();
    if (isChanged) await board.site.apply([node01]);
    isChanged = false;
  }, 60_000);
  afterAll(() => board.close());

  test('no DISCOVER of any board', async () => {
    await board.says(
      /^no-discover-of-any: no DISCOVER of it was seen in the \d+s since DHCP is served, nor of any other board/,
    );
  });

  test('no DISCOVER of this one: an unknown board asks', async () => {
    await apply([{ ...node01, mac: 'dc:a6:32:00:00:99', serial: '0000aaaa' }]);
    start(board.firmware());
    await board.says(
      new RegExp(`^other-identity: no DISCOVER of it .* an unknown board asks: pi4 ${boardMac}, serial 9ffefdef$`),
    );
  });

  test('an OFFER that it does not take, told before it is late', async () => {
    await board.packets('discover', 'discover', 'discover');
    await board.says(/^offer-not-taken: (?:.*: )?it was offered its address 3 times, and did not take it/);
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
    await board.says('no-read: not ready within 6s: it took its address, and no request for a file arrived');
  });

  test('an address without a REQUEST, as of a Pi 3, and no RRQ', async () => {
    await board.packets('discover');
    await board.says('nothing-read: not ready within 6s: it got an address and asked for no file');
  });

  test('a board of another family than its node', async () => {
    start(board.firmware({ board: 'pi5' }));
    await board.says(/^wrong-board: .*its board says that it is a pi5, and it is booted as a pi4/);
  });

  test('a prefix that is not the one of its node', async () => {
    await board.packets('discover', 'request', 'read=0000abcd/start4.elf:1');
    await board.says(/^foreign-prefix: .*it does not get 0000abcd\/start4\.elf: .*9ffefdef/);
  });

  test('a kernel that loads, and is not heard of', async () => {
    await board.loadKernel();
    await board.says(/^kernel-silent: .*it loaded \d+ files \(5\.\d MB\), and its kernel reported nothing/);
  });

  test('a kernel that asks for an address, and reports nothing', async () => {
    await board.loadKernel();
    await board.initramfs('ask_for_address');
    await board.says(/^kernel-unheard: .*its kernel runs and has asked for an address, and reported nothing/);
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
    await board.says(/^no-read/);

    const words = 'not ready within 6s: it took its address, and no request for a file arrived';
    expect(await board.site.command('node', 'history', 'node01')).toContain(words);
    expect(await board.site.command('node', 'show', 'node01')).toContain(`why: ${words}`);
    await expect(board.site.command('doctor', 'node01')).rejects.toThrow(/one thing is wrong/);
  });

  test('a board that is one node by its MAC and another by its serial', async () => {
    const { serial, mac: _none, ...other } = node01;
    const node03 = { ...other, name: 'node03', serial, address: '10.42.0.13' };
    await apply([{ ...node01, serial: '0000aaaa' }, node03]);
    await board.packets('discover');

    const words = `the board with MAC ${boardMac} and serial ${serial} is node01 by its MAC and node03 by its serial`;
    await board.says(`identity-conflict: ${words}`, 'node03');
    expect(await board.notes()).toContain(`identity-conflict: ${words}`);
    const cure = 'Correct one of the two in nodes.yaml';
    expect(await board.site.command('node', 'unknown')).toContain(`\nNot answered: ${words}\n    do: ${cure}, then`);
    expect(await board.site.command('status')).toMatch(new RegExp(`node03 .* new .*${words}`));

    await board.site.apply([node01, { ...node03, serial: '0000aaaa' }]);
    expect(await board.wrong('node03')).not.toContain('identity-conflict');
  });
});
