/** Beside another DHCP server on the same network: dnsmasq, as a home router runs it. Needs root. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { option, readAddress, readText } from '../../src/wire/dhcp-options.ts';
import { ask } from '../support/dhcp-client.ts';
import { DhcpNet, dnsmasq } from '../support/dhcp-net.ts';
import { readVectors } from '../support/vectors.ts';

let at: DhcpNet;

beforeEach(async () => {
  at = await DhcpNet.open({
    interface: 'eth0',
    address: '10.42.0.1/24',
    pool: '10.42.0.200-10.42.0.201',
    nodes: [{ name: 'node01', serial: '1aa2bb31', board: 'pi4', address: '10.42.0.11', role: 'compute' }],
    looksForForeign: false,
  });
  await at.switched([
    { namespace: 'server', interface: 'eth0', address: '10.42.0.1/24' },
    { namespace: 'router', interface: 'eth0', address: '10.42.0.254/24' },
    { namespace: 'client', interface: 'end0', mac: '02:00:00:00:00:05' },
  ]);
});

afterEach(() => at.close());

async function homeRouter(): Promise<void> {
  const argv = [
    ...dnsmasq,
    '--bind-interfaces',
    '--interface=eth0',
    '--no-ping',
    '--dhcp-range=10.42.0.50,10.42.0.60,1h',
  ];
  await at.net.start('router', argv).line(/DHCP, IP range/);
}

test('in proxy mode firmware hears where to boot from us, and its address from the router', async () => {
  await homeRouter();
  await at.serve({ network: { dhcp: 'proxy' } });
  await at.net.run('client', ['ip', 'address', 'add', '10.42.0.99/24', 'dev', 'end0']);
  const discover = decodeDhcp(readVectors('pi4-2026-08-04').packet('discover'));

  // The router answers by broadcast only where it is told to.
  const answers = await at.speak('client', [{ ...discover, flags: 0x8000 }]);

  const ours = answers.find(({ from }) => from === '10.42.0.1')?.packet;
  const theirs = answers.find(({ from }) => from === '10.42.0.254')?.packet;
  expect(theirs?.yiaddr).toMatch(/^10\.42\.0\.(5\d|60)$/);
  expect(ours).toMatchObject({ yiaddr: '0.0.0.0', siaddr: '10.42.0.1' });
  expect(ours && readText(ours.options, option.vendorClass)).toBe('PXEClient');
  expect(ours && readText(ours.options, option.tftpServerName)).toBe('10.42.0.1');
  expect(ours && readAddress(ours.options, option.serverId)).toBe('10.42.0.1');
  expect(ours && readText(ours.options, option.vendorOptions)).toContain('Raspberry Pi Boot');
  expect(ours?.options.has(option.leaseSeconds)).toBe(false);
});

test('in proxy mode an operating system is left to the router', async () => {
  await homeRouter();
  const service = await at.serve({ network: { dhcp: 'proxy' } });

  expect(await at.udhcpc('client')).toMatch(/^serverid=10\.42\.0\.254$/m);
  expect(service.lines.filter((line) => /offered|acknowledged|proxied/.test(line))).toEqual([]);
});

test('in proxy mode without a router it says that nobody gives addresses', async () => {
  const service = await at.serve({ network: { dhcp: 'proxy' }, looksWhileServing: true });

  expect(await service.line(/^problems/)).toContain('no DHCP server answers on eth0');
});

test('a server that turns up while we serve is told, and asks of our own are not answered by us', async () => {
  await homeRouter();
  const service = await at.serve({ looksWhileServing: true });

  expect(await service.line(/^problems/)).toContain('the DHCP server 10.42.0.254 answers on eth0 too');
  expect(service.lines.filter((line) => line.includes('dhcp.offered'))).toEqual([]);
});

test('a client that says it takes the address of another server tells on it', async () => {
  const service = await at.serve();
  await at.net.run('client', ['ip', 'address', 'add', '10.42.0.99/24', 'dev', 'end0']);

  await at.speak('client', [
    ask('request', { mac: '02:00:00:00:00:05', server: '10.42.0.254', requested: '10.42.0.55' }),
  ]);

  expect(await service.line(/^problems/)).toContain('the DHCP server 10.42.0.254 answers on eth0 too');
});

test.each(['addon', 'plain'] as const)(
  'an address at which a machine is already is not offered (%s)',
  async (datagrams) => {
    await at.net.run('router', ['ip', 'address', 'add', '10.42.0.200/24', 'dev', 'eth0']);
    const service = await at.serve({ nodes: [], datagrams });

    expect(await at.udhcpc('client')).toMatch(/^ip=10\.42\.0\.201$/m);
    expect(service.lines.filter((line) => line.includes('10.42.0.200') && line.includes('offered'))).toEqual([]);
  },
);
