/** The whole service in a namespace: real clients boot from it, it is killed and comes back, and NFS never stops. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import { run } from '../../src/host/process.ts';
import { boardAddress, boardMac, kernelBytes, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const node01 = { name: 'node01', mac: boardMac, board: 'pi4', address: boardAddress, role: 'compute' };
const root = (version: string) => `nfs://${storageAddress}/images/small/${version}/root/etc/motd?version=4`;
const http = `http://${storageAddress}/boot/v1`;

let site: ServeFixture;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  await site.apply([node01]);
});
afterEach(() => site.close());

async function token(): Promise<string> {
  const line = await site.onBoard('curl', '-sS', `tftp://${storageAddress}/cmdline.txt`);
  return /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
}
const bearer = (of: string) => ['-H', `authorization: Bearer ${of}`] as const;
const curl = (...args: readonly string[]) => site.onBoard('curl', '-sS', ...args);
const node = async () => {
  const answer = await request(site.socket, 'GET', '/nodes/node01');
  return answer.kind === 'answer'
    ? (answer.body as { status: { state: string; running?: { image: string } } })
    : undefined;
};

/** Hardware addresses that the storage node does not ask for again. */
const keptNeighbours = async () => {
  const shown = await site.net.run('storage', ['ip', '-4', 'neighbour', 'show', 'dev', 'eth0', 'nud', 'permanent']);
  return shown.trim().split('\n').filter(Boolean);
};

async function bootToOverlay(): Promise<void> {
  await site.powerOn();
  const of = await token();
  const tar = path.join(site.dir, 'overlay.tar');
  const [sum] = (await curl(...bearer(of), `${http}/overlay.sha256`)).split(' ');
  await curl(...bearer(of), '-o', tar, `${http}/overlay.tar`);
  expect(
    createHash('sha256')
      .update(await readFile(tar))
      .digest('hex'),
  ).toBe(sum);
  await curl('-f', ...bearer(of), '-d', 'phase=root&uptime=3.6', `${http}/phase`);
  await curl('-f', ...bearer(of), '-d', `phase=overlay&uptime=3.8&digest=${sum}`, `${http}/phase`);
}

test('a board boots: DHCP, TFTP, HTTP, NFS, and the service knows how far it is', async () => {
  await site.serve();
  expect((await site.health())?.status).toBe('ok');
  expect((await node())?.status.state).toBe('new');

  await site.powerOn();
  const kernel = await curl('-o', '/dev/null', '-w', '%{size_download}', `tftp://${storageAddress}/kernel8.img`);
  expect(kernel).toBe(String(kernelBytes));
  expect((await node())?.status.state).toBe('booting');
  await expect.poll(keptNeighbours, { timeout: 5000 }).toEqual([`${boardAddress} lladdr ${boardMac} PERMANENT`]);
  await bootToOverlay();
  await expect.poll(keptNeighbours, { timeout: 5000 }).toEqual([]);

  expect(await site.onBoard('nfs-cat', root('20261121.1'))).toBe('first\n');
  expect(await node()).toMatchObject({ status: { state: 'up', running: { image: 'small@20261121.1' } } });
  expect(await curl(`${http}/files/cmdline.txt`)).not.toContain('token=');
});

test('an address that no node has sees no export', async () => {
  await site.serve();
  await site.onBoard('ip', 'address', 'add', '10.42.0.99/24', 'dev', 'end0');

  await expect(site.onBoard('nfs-cat', root('20261121.1'))).rejects.toThrow(/NFS4ERR_NOENT|failed/);
  expect(await curl('-o', '/dev/null', '-w', '%{http_code}', `${http}/files/config.txt`)).toBe('404');
});

test('kill -9: the root goes on answering, and a boot in flight goes on when the service is back', async () => {
  const first = await site.serve();
  await site.powerOn();
  const before = await token();
  const reads = site.net.start('board', [
    'sh',
    '-c',
    `for i in $(seq 80); do nfs-cat '${root('20261121.1')}' || echo LOST; sleep 0.1; done; echo END`,
  ]);
  await reads.line(/first/, 3);

  first.signal('SIGKILL');
  await first.ended;
  await reads.line(/first/, 12);
  await site.serve();
  await reads.ended;

  expect(reads.lines.filter((line) => line !== 'first')).toEqual(['END']);
  expect(await token()).toBe(before);
  expect(await curl(...bearer(before), '-o', '/dev/null', '-w', '%{http_code}', `${http}/overlay.tar`)).toBe('200');
});

test('SIGTERM ends the service within 5 s and leaves NFS running, which only "nfs stop" ends', async () => {
  const service = await site.serve();
  await site.powerOn();
  await expect(site.command('nfs', 'stop')).rejects.toThrow('in use by pi-image serve');

  const startedAtMs = Date.now();
  expect(await service.stop()).toBe(0);
  expect(Date.now() - startedAtMs).toBeLessThan(5000);

  expect(await site.onBoard('nfs-cat', root('20261121.1'))).toBe('first\n');
  expect(await site.command('nfs', 'status')).toMatch(/ganesha: runs, process \d+/);
  expect(await site.command('nfs', 'stop')).toContain('ganesha is stopped');
  await expect(site.onBoard('nfs-cat', root('20261121.1'))).rejects.toThrow('failed');
});

test('an NFS server that dies is named and started again', async () => {
  const service = await site.serve();
  await site.powerOn();
  const pid = Number(/process (\d+)/.exec(await site.command('nfs', 'status'))?.[1]);

  process.kill(pid, 'SIGKILL');
  expect(await service.line(/part\.failed part=nfs/)).toContain('the NFS server has ended');
  await service.line(/part\.ready part=nfs/, 2);

  expect(await site.onBoard('nfs-cat', root('20261121.1'))).toBe('first\n');
  await expect.poll(() => site.problems()).toEqual({});
});

test('a new version is exported beside the one that a node runs, which goes with its next boot', async () => {
  const service = await site.serve();
  await bootToOverlay();

  await site.publish('20261122.1', 'second\n');
  await service.line(/nfs\.exported .*20261122\.1/);
  expect(await site.onBoard('nfs-cat', root('20261121.1'))).toBe('first\n');
  expect(await site.onBoard('nfs-cat', root('20261122.1'))).toBe('second\n');

  await bootToOverlay();
  await expect
    .poll(() => site.onBoard('nfs-cat', root('20261121.1')).catch(() => 'gone'), { timeout: 10_000 })
    .toBe('gone');
  expect(await site.onBoard('nfs-cat', root('20261122.1'))).toBe('second\n');
});

test('nodes that are applied while it runs are served, and a list with mistakes changes nothing', async () => {
  const service = await site.serve();

  expect(
    await site.apply([node01, { ...node01, name: 'node02', mac: 'dc:a6:32:00:00:02', address: '10.42.0.12' }]),
  ).toContain('applied 2 nodes');
  await service.line(/nfs\.exported/, 2);
  const answer = await request(site.socket, 'PUT', '/nodes', [node01, { ...node01, name: 'twin' }]);
  expect(answer).toMatchObject({
    status: 400,
    body: { problems: expect.arrayContaining([expect.stringContaining('twin')]) },
  });
  expect(await request(site.socket, 'GET', '/nodes')).toMatchObject({ body: [{ name: 'node01' }, { name: 'node02' }] });
});

test('a node without an image is told apart, and the others boot', async () => {
  await site.apply([
    node01,
    { ...node01, name: 'node02', mac: 'dc:a6:32:00:00:02', address: '10.42.0.12', role: 'other' },
  ]);
  await site.serve();

  await expect
    .poll(() => site.problems())
    .toEqual({
      nodes: expect.stringMatching(
        /^node02 cannot boot: there is no version of the image absent.*pi-image build absent/,
      ),
    });
  await bootToOverlay();
  expect((await node())?.status.state).toBe('up');
});

test('a broken edit keeps what worked, a repair is taken, both without a restart', async () => {
  const service = await site.serve();

  await site.writeCluster({ shares: 'none' });
  await service.line(/config\.broken/);
  expect(await site.problems()).toEqual({ config: expect.stringContaining('shares') });
  await bootToOverlay();

  await site.writeCluster();
  await service.line(/config\.loaded/);
  expect(await site.problems()).toEqual({});
});

test('a taken port turns its part red with the cure, and healthy when it is free', async () => {
  const listen = `require('net').createServer().listen(80, '${storageAddress}', () => console.log('taken'))`;
  const thief = site.net.start('storage', [process.execPath, '-e', listen]);
  await thief.line(/taken/);

  await site.serve();
  expect(await site.problems()).toEqual({ http: expect.stringMatching(/cannot serve HTTP on 10.42.0.1:80.*ss -ltnp/) });
  await site.powerOn();

  await thief.stop();
  await expect.poll(() => site.problems(), { timeout: 20_000 }).toEqual({});
});

describe('the command ends with the reason', () => {
  test('when another DHCP server answers, unless that is allowed', async () => {
    const config = path.join(site.dir, 'udhcpd.conf');
    const leases = `lease_file ${path.join(site.dir, 'leases')}`;
    await writeFile(
      config,
      `start 10.42.0.150\nend 10.42.0.160\ninterface end0\n${leases}\noption subnet 255.255.255.0\n`,
    );
    await site.onBoard('ip', 'address', 'add', '10.42.0.149/24', 'dev', 'end0');
    site.net.start('board', ['busybox', 'udhcpd', '-f', config]);

    const service = site.startServe();
    expect(await service.ended).toBe(1);
    expect(service.lines.join('\n')).toMatch(/the DHCP server 10\.42\.0\.149 answers on eth0 already/);

    await site.serve('--allow-foreign-dhcp');
  });

  test('when another service has the state', async () => {
    await site.serve();

    const second = site.startServe();

    expect(await second.ended).toBe(1);
    expect(second.lines.join('\n')).toMatch(/is in use by pi-image serve, process \d+/);
  });

  test('when files are wrong: all of it at once', async () => {
    await site.writeCluster({ shares: [{ name: 'home', path: 'relative', mount: '/home' }], colour: 'blue' });

    const service = site.startServe();

    expect(await service.ended).toBe(1);
    expect(service.lines.join('\n')).toMatch(/2 problems[\s\S]*colour/);
  });

  test('when the state is damaged, and it is not overwritten', async () => {
    const file = path.join(site.dir, 'state', 'state.db');
    await writeFile(file, 'this was a database');

    const service = site.startServe();

    expect(await service.ended).toBe(1);
    expect(service.lines.join('\n')).toContain(`${file} is damaged`);
    expect(await readFile(file, 'utf8')).toBe('this was a database');
  });
});

test("chrony gives this machine's time to the boot network, also after the service was killed", async () => {
  const first = await site.serve();
  first.signal('SIGKILL');
  await first.ended;
  const second = await site.serve();
  await second.line(/part\.ready part=time/);
  await site.onBoard('ip', 'address', 'add', `${boardAddress}/24`, 'dev', 'end0');

  const ask = `chronyd -Q -t 15 -f /dev/null 'server ${storageAddress} iburst maxsamples 1' 'cmdport 0' 'bindcmdaddress /'`;
  const said = await site.onBoard('sh', '-c', `${ask} 'pidfile ${site.dir}/q.pid' 2>&1`);

  expect(said).toMatch(/System clock wrong by -?0\.0/);
  const running = await run(['pgrep', '-c', '-f', `${site.dir}/run/chrony.conf`], {
    signal: AbortSignal.timeout(5000),
  });
  expect(running.trim()).toBe('1');
});
