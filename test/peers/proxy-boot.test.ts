/** A board boots beside a home router: dnsmasq gives it an address that nodes.yaml does not know. Needs root. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import { dnsmasq } from '../support/dhcp-net.ts';
import { DoctorBoard, node01, pi4Files } from '../support/doctor-board.ts';
import { boardMac, storageAddress } from '../support/serve-fixture.ts';

const http = `http://${storageAddress}/boot/v1`;
const root = `nfs://${storageAddress}/images/small/20261121.2/root/etc/motd?version=4`;
const leased = '10.42.0.57';
const stranger = '10.42.0.77';

let board: DoctorBoard;
let network: Record<string, unknown>;

beforeEach(async () => {
  board = await DoctorBoard.open('5m', { ...pi4Files, 'kernel8.img': 300_000 });
  await becomeHomeNetwork();
  network = { interface: 'eth0', address: `${storageAddress}/24`, dhcp: 'proxy' };
  await board.writeCluster({ network });
});
afterEach(() => board.site.close());

/** One switch: the storage node, the board, the router, and a machine that belongs to nobody. */
async function becomeHomeNetwork(): Promise<void> {
  const { net } = board.site;
  await net.run('storage', ['ip', 'link', 'del', 'eth0']);
  for (const name of ['switch', 'router', 'laptop']) await net.add(name);
  await net.run('switch', ['ip', 'link', 'add', 'br0', 'type', 'bridge']);
  await net.run('switch', ['ip', 'link', 'set', 'br0', 'up']);
  const ends = [
    { namespace: 'storage', interface: 'eth0', address: `${storageAddress}/24` },
    { namespace: 'board', interface: 'end0', mac: boardMac },
    { namespace: 'router', interface: 'eth0', address: '10.42.0.254/24' },
    { namespace: 'laptop', interface: 'eth0', address: `${stranger}/24` },
  ];
  for (const [at, end] of ends.entries()) {
    await net.cable(end, { namespace: 'switch', interface: `port${at}` });
    await net.run('switch', ['ip', 'link', 'set', `port${at}`, 'master', 'br0']);
  }
}

/** @param more what it says beside the address */
async function router(...more: readonly string[]): Promise<void> {
  const given = [`--dhcp-range=${leased},${leased},1h`, '--interface=eth0', ...more];
  const argv = [...dnsmasq, '--bind-interfaces', '--no-ping', ...given];
  await board.site.net.start('router', argv).line(/DHCP, IP range/);
}

const from = (namespace: string, ...args: readonly string[]) => board.site.net.run(namespace, ['curl', '-sS', ...args]);
const loadedLine = () => readFile(path.join(board.site.dir, 'loaded', 'cmdline.txt'), 'utf8');
const tokenOf = (line: string) => /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
const node = async () => (await request(board.site.socket, 'GET', '/nodes/node01')) as { body: unknown };
const overlay = (namespace: string, token: string) =>
  from(
    namespace,
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-H',
    `authorization: Bearer ${token}`,
    `${http}/overlay.tar`,
  );

test('both OFFERs make a boot: files, token, overlay and root go to the address from the router', async () => {
  await router();
  await board.site.serve();

  await board.loadKernel();

  const line = await loadedLine();
  expect(line).toContain(' pi_image.host=node01 ');
  expect(await overlay('laptop', tokenOf(line))).toBe('403');
  expect(await node()).toMatchObject({
    body: { address: node01.address, status: { address: leased, lastBoot: { address: leased } } },
  });
  expect(await overlay('board', tokenOf(line))).toBe('200');
  // The server hears of the address within a second of the boot.
  await expect.poll(() => board.site.onBoard('nfs-cat', root).catch(String), { timeout: 10_000 }).toBe('second\n');
  await expect(board.site.net.run('laptop', ['nfs-cat', root])).rejects.toThrow(/NFS4ERR_NOENT|failed/);
  expect(await board.site.command('node', 'explain', 'node01')).toMatch(
    new RegExp(`address: +${node01.address}\\n.*seen at: +${leased}`),
  );
});

test('a machine that asks for the files of a node gets no token, before its board boots and while it does', async () => {
  await router();
  const service = await board.site.serve();
  const tftp = (namespace: string, file: string) =>
    from(namespace, `tftp://${storageAddress}/${node01.serial}/${file}`).catch(() => 'refused');

  expect(await tftp('laptop', 'cmdline.txt')).toBe('refused');
  await service.line(/boot\.claim-refused .*DHCP has seen nothing of the board of node01/);
  await board.loadKernel();
  expect(await tftp('laptop', 'cmdline.txt')).toBe('refused');
  expect(await service.line(/boot\.claim-refused .*took 10\.42\.0\.57/)).toContain(`from=${stranger}`);
  expect(await tftp('laptop', 'config.txt')).toContain('kernel=');

  expect(await overlay('board', tokenOf(await loadedLine()))).toBe('200');
});

describe('with `dhcp: off`, where the router says all,', () => {
  /** What DHCP of ours would say: option 66. */
  const whole = `--dhcp-option-force=66,${storageAddress}`;
  const useOff = (more: Record<string, unknown> = {}) =>
    board.writeCluster({ network: { ...network, dhcp: 'off', ...more } });

  test('nodes get no token: nothing was seen of their boards', async () => {
    await useOff();
    await router(whole);
    const service = await board.site.serve();

    await board.site.powerOn();
    const asked = from('board', `tftp://${storageAddress}/${node01.serial}/cmdline.txt`);

    await expect(asked).rejects.toThrow('exit code 68');
    await service.line(/boot\.claim-refused .*nothing shows that the board of node01 is being switched on/);
  });

  test('and `trust: requests`, whoever asks for the files of a node is its board', async () => {
    await useOff({ trust: 'requests' });
    await router(whole);
    await board.site.serve();

    await board.loadKernel();

    expect(await overlay('board', tokenOf(await loadedLine()))).toBe('200');
    expect(await node()).toMatchObject({ body: { status: { address: leased, lastBoot: { address: leased } } } });
  });

  test('and `trust: requests`, of two that ask neither gets the token', async () => {
    await useOff({ trust: 'requests' });
    await router(whole);
    const service = await board.site.serve();
    await board.loadKernel();
    const token = tokenOf(await loadedLine());

    const asked = from('laptop', `tftp://${storageAddress}/${node01.serial}/cmdline.txt`);

    await expect(asked).rejects.toThrow('exit code 68');
    await service.line(/boot\.claim-refused .*both ask for the files of node01: neither gets its token/);
    expect(await overlay('board', token)).toBe('403');
    expect(await overlay('laptop', token)).toBe('403');
  });
});
