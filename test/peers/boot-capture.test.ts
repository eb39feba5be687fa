/** A whole boot, and every TFTP and HTTP client, under the eyes of Wireshark: no packet is malformed, none has an expert's error. Needs root. */
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { capture, type Capture } from '../support/capture.ts';
import { DoctorBoard, node01 } from '../support/doctor-board.ts';
import { storageAddress } from '../support/serve-fixture.ts';

const http = `http://${storageAddress}/boot/v1`;
const tftp = (file: string) => `tftp://${storageAddress}/${node01.serial}/${file}`;
const ours = (protocol: string) => `${protocol} && ip.src == ${storageAddress}`;

let board: DoctorBoard;
let seen: Capture;
beforeAll(async () => {
  board = await DoctorBoard.open('5m');
  const { site } = board;
  await site.serve('--no-time');
  // Else the capture would show what a network card would still have to cut.
  await site.net.run('storage', ['ip', 'link', 'set', 'eth0', 'gso_max_segs', '1']);
  const file = path.join(site.dir, 'boot.pcapng');
  seen = await capture(site.net, { namespace: 'board', device: 'end0', file });
  await board.loadKernel();
  await site.powerOn();
  const out = path.join(site.dir, 'out');
  const get = ['-g', '-l', out];
  await site.onBoard('curl', '-sS', '-o', out, '--tftp-blksize', '1468', tftp('config.txt'));
  await site.onBoard('curl', '-sS', '-o', out, '--tftp-no-options', tftp('config.txt'));
  const options = ['tsize 0', 'blksize 1468', 'timeout 2', 'windowsize 16'].flatMap((option) => ['--option', option]);
  await site.onBoard('atftp', ...options, ...get, '-r', `${node01.serial}/start4.elf`, storageAddress, '69');
  await site.onBoard('busybox', 'tftp', ...get, '-r', `${node01.serial}/config.txt`, storageAddress);
  const text = ['-m', 'netascii', storageAddress, '-c', 'get', `${node01.serial}/config.txt`, out];
  await site.onBoard('tftp', ...text);
  for (const wrong of [tftp('nothing'), 'tftp://10.42.0.1/0000abcd/config.txt']) {
    await site.onBoard('curl', '-sS', '-o', out, wrong).catch(() => 'not found');
  }
  const curl = (...args: readonly string[]) => site.onBoard('curl', '-sS', '-o', out, ...args);
  await curl(`${http}/clock`);
  await curl('-I', `${http}/files/kernel8.img`);
  await curl('-r', '100-199', `${http}/files/kernel8.img`);
  await curl('-r', '99999999-', `${http}/files/kernel8.img`);
  await curl(`${http}/files/nothing`, `${http}/overlay.tar`);
  await curl('-d', 'phase=nonsense', `${http}/phase`);
  await seen.stop();
}, 120_000);
afterAll(() => board.close());

describe('TFTP', () => {
  test('was seen with all that it can do', async () => {
    const opcodes = new Set(await seen.read(ours('tftp'), 'tftp.opcode'));
    // DATA, ERROR and OACK; RFC 1350 §5 and RFC 2347.
    expect([...opcodes].toSorted()).toEqual(['3', '5', '6']);
    expect(await seen.read(`${ours('tftp')} && tftp.opcode == 6`, 'tftp.option.name')).toContainEqual(
      expect.stringContaining('windowsize'),
    );
    expect(await seen.read(ours('tftp.error.code'), 'tftp.error.code')).toEqual(expect.arrayContaining(['1', '1']));
    expect((await seen.read(ours('tftp'), 'frame.number')).length).toBeGreaterThan(3000);
  });

  test('has no fault', async () => {
    expect(await seen.faults(ours('tftp'))).toEqual([]);
  });
});

describe('HTTP', () => {
  test('was seen with all that it answers', async () => {
    const codes = new Set(await seen.read(ours('http.response'), 'http.response.code'));
    expect([...codes]).toEqual(expect.arrayContaining(['200', '206', '404', '416']));
  });

  test('has no fault', async () => {
    expect(await seen.faults(ours('http'))).toEqual([]);
  });
});

test('nothing that left the storage node has a fault', async () => {
  expect(await seen.read(ours('dhcp'), 'dhcp.option.dhcp')).toEqual(expect.arrayContaining(['2', '5']));
  expect(await seen.faults(`ip.src == ${storageAddress} || arp`)).toEqual([]);
});
