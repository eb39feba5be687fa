/** A board without a name at the whole service: it gets a hold boot, shows what it is, is named, and boots as a node. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import type { WaitingBoard } from '../../src/model/state.ts';
import { boardMac, kernelBytes, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const poolAddress = '10.42.0.200';
const http = `http://${storageAddress}/boot/v1`;
const network = { interface: 'eth0', address: `${storageAddress}/24`, pool: '10.42.0.200-10.42.0.239' };

let site: ServeFixture;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
});
afterEach(() => site.close());

const tftp = (name: string) => site.onBoard('curl', '-sS', `tftp://${storageAddress}/${name}`);

async function boards(): Promise<readonly WaitingBoard[]> {
  const answer = await request(site.socket, 'GET', '/unknown-boards');
  return answer.kind === 'answer' ? (answer.body as readonly WaitingBoard[]) : [];
}

async function blink(): Promise<number> {
  const answer = await request(site.socket, 'POST', `/unknown-boards/${encodeURIComponent(boardMac)}:blink`);
  return answer.kind === 'answer' ? answer.status : 0;
}

const facts = { serial: '1234abcd', board: 'pi4', memory: '3792', model: 'Raspberry Pi 4 Model B', port: 'sw1 port 7' };

/** As boot/initramfs/lib/hold.sh asks; without its time limit, with which the wget of busybox 1.35 on Debian 12 crashes. */
function ask(more: Readonly<Record<string, string>> = {}): Promise<string> {
  const form = new URLSearchParams({ mac: boardMac, ...facts, ...more }).toString();
  return site.onBoard('busybox', 'wget', '-q', '-O', '-', '--post-data', form, `${http}/hold`);
}

test('it loads the hold image, is seen, blinks, gets a name, and is told to start again', async () => {
  await site.writeCluster({ network: { ...network, hold: 'small' } });
  await site.serve();
  await site.powerOn();
  expect(await boards()).toMatchObject([{ mac: boardMac, address: poolAddress }]);
  expect(await blink()).toBe(409);

  expect((await tftp('kernel8.img')).length).toBeGreaterThanOrEqual(kernelBytes);
  const asking = ask();
  await expect.poll(async () => (await boards())[0]?.hold, { timeout: 5000 }).toBeDefined();
  expect((await boards())[0]).toMatchObject({
    serial: '1234abcd',
    board: 'pi4',
    model: 'Raspberry Pi 4 Model B',
    memoryMib: 3792,
    switchPort: 'sw1 port 7',
  });
  expect(await blink()).toBe(200);
  expect(await asking).toBe('blink\n');
  const line = await tftp('cmdline.txt');
  expect(line).toContain(`pi_image.hold=1 pi_image.server=${storageAddress} pi_image.http=80 pi_image.mac=${boardMac}`);
  expect(line).not.toMatch(/token|pi_image\.root/);
  expect(await tftp('config.txt')).toContain('kernel=kernel8.img');

  const waiting = ask();
  await expect.poll(() => site.command('node', 'unknown'), { timeout: 20_000 }).toContain('sw1 port 7');
  const wanted = ['--pattern', 'node[01-08]', '--role', 'compute', '--first-address', '10.42.0.11'];
  expect(await site.command('node', 'adopt', ...wanted, '--dry-run')).toBe(
    `+ node01  ${boardMac}  10.42.0.11\ndry run: nothing was changed\n`,
  );
  expect(await boards()).toHaveLength(1);
  expect(await site.command('node', 'adopt', ...wanted)).toBe(`+ node01  ${boardMac}  10.42.0.11\n`);
  expect(await waiting).toBe('reboot\n');
  expect(await ask()).toBe('reboot\n');

  await site.onBoard('ip', 'address', 'flush', 'dev', 'end0');
  await site.powerOn();
  const [node] = JSON.parse(await site.command('node', 'list', '-o', 'json')) as Record<string, string>[];
  expect(node).toMatchObject({ name: 'node01', serial: '1234abcd', mac: boardMac, board: 'pi4' });
  expect(await tftp('cmdline.txt')).toMatch(/pi_image\.token=[\w-]{43}/);
});

test('a name that is given while the service is away reaches the board afterwards', async () => {
  await site.writeCluster({ network: { ...network, hold: 'small' } });
  const first = await site.serve();
  await site.powerOn();
  await first.stop();
  await site.command(
    'node',
    'adopt',
    boardMac,
    'node01',
    '--role',
    'compute',
    '--address',
    '10.42.0.11',
    '--board',
    'pi4',
  );

  await site.serve();

  expect(await ask()).toBe('reboot\n');
});

test('without a hold image it is in the queue, and gets no file', async () => {
  await site.serve();
  await site.powerOn();

  expect(await boards()).toMatchObject([{ mac: boardMac, address: poolAddress }]);
  for (const name of ['config.txt', 'kernel8.img', 'cmdline.txt']) {
    await expect(tftp(name)).rejects.toThrow('exit code 68');
    expect(await site.onBoard('curl', '-s', `${http}/files/${name}`)).toContain('network.hold names no image');
  }
});

test('names are given while it watches, until there are none left', async () => {
  await site.writeCluster({ network: { ...network, hold: 'small' } });
  await site.serve();
  const wanted = ['--pattern', 'node01', '--role', 'compute', '--first-address', '10.42.0.11', '--board', 'pi4'];
  const watching = site.command('node', 'adopt', ...wanted, '--watch');
  await site.powerOn();

  expect(await watching).toBe(`+ node01  ${boardMac}  10.42.0.11\nall names are given\n`);
});
