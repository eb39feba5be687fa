/** Boards behind relays: dnsmasq and ISC's dhcrelay between real clients and the real service. Needs root. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DhcpNet, dnsmasq } from '../support/dhcp-net.ts';

const far = 'dc:a6:32:00:00:43';

let at: DhcpNet;

beforeEach(async () => {
  at = await DhcpNet.open({
    interface: 'eth0',
    address: '10.42.0.1/24',
    pool: '10.42.0.200-10.42.0.201',
    nodes: [{ name: 'far01', mac: far, board: 'pi4', address: '10.43.0.11', role: 'compute' }],
    looksForForeign: false,
    network: { subnets: [{ subnet: '10.43.0.0/24', pool: '10.43.0.200-10.43.0.201', gateway: '10.43.0.1' }] },
  });
  const { net } = at;
  for (const name of ['server', 'router', 'client']) await net.add(name);
  await net.cable(
    { namespace: 'server', interface: 'eth0', address: '10.42.0.1/24' },
    { namespace: 'router', interface: 'near', address: '10.42.0.254/24' },
  );
  await net.cable(
    { namespace: 'router', interface: 'far', address: '10.43.0.1/24' },
    { namespace: 'client', interface: 'end0', mac: far },
  );
  await net.run('server', ['ip', 'route', 'add', '10.43.0.0/24', 'via', '10.42.0.254']);
  await net.run('router', ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
});

afterEach(() => at.close());

const relays = {
  dnsmasq: [...dnsmasq, '--dhcp-relay=10.43.0.1,10.42.0.1'],
  // With what RFC 3046 adds: the port and the name of the relay.
  dhcrelay: ['dhcrelay', '-4', '-d', '-a', '-m', 'discard', '-iu', 'near', '-id', 'far', '10.42.0.1'],
};

describe.each(Object.entries(relays))('behind %s', (_name, argv) => {
  beforeEach(async () => {
    at.net.start('router', argv);
    await at.serve();
  });

  test('a node gets its address of the far network, with its router', async () => {
    const got = await at.udhcpc('client');

    expect(got).toMatch(/^ip=10\.43\.0\.11$/m);
    expect(got).toMatch(/^router=10\.43\.0\.1$/m);
    expect(got).toMatch(/^subnet=255\.255\.255\.0$/m);
    expect(got).toMatch(/^serverid=10\.42\.0\.1$/m);
    expect(got).toMatch(/^hostname=far01$/m);
  });

  test('a board that is no node gets one of the far pool', async () => {
    await at.net.run('client', ['ip', 'link', 'set', 'end0', 'address', '02:00:00:00:00:77']);

    expect(await at.udhcpc('client')).toMatch(/^ip=10\.43\.0\.200$/m);
  });

  test('it renews without the relay', async () => {
    const file = path.join(at.scratch, 'set.sh');
    const set = 'test "$1" = bound && ip address add "$ip/24" dev "$interface" && ip route add default via "$router"';
    await writeFile(file, `#!/bin/sh\n${set}\nexit 0\n`, { mode: 0o755 });
    const capture = await at.capture('server', 'eth0');

    const client = at.net.start('client', ['busybox', 'udhcpc', '-i', 'end0', '-f', '-s', file]);
    await client.line(/lease of 10\.43\.0\.11 obtained/);
    client.signal('SIGUSR1');
    await client.line(/lease of 10\.43\.0\.11 obtained/, 2);
    await capture.stop();

    expect(await capture.faults('dhcp')).toEqual([]);
    const acks = await capture.read('dhcp.option.dhcp == 5', 'ip.dst', 'dhcp.ip.relay');
    // dhcrelay passes on what it overhears as well.
    expect(acks.map((line) => line.split('\t')).slice(0, 2)).toEqual([
      ['10.43.0.1', '10.43.0.1'],
      ['10.43.0.11', '0.0.0.0'],
    ]);
  });
});

test('what dhcrelay adds comes back last and unchanged', async () => {
  at.net.start('router', relays.dhcrelay);
  await at.serve();
  const capture = await at.capture('server', 'eth0');

  await at.udhcpc('client');
  await capture.stop();

  expect(await capture.faults('dhcp')).toEqual([]);
  const said = await capture.read(
    'dhcp',
    'dhcp.option.dhcp',
    'dhcp.option.type',
    'dhcp.option.agent_information_option.agent_circuit_id',
  );
  const rows = said.map((line) => line.split('\t'));
  const circuit = rows[0]?.[2];
  expect(circuit).toMatch(/^[0-9a-f]+$/);
  expect(rows.map(([type]) => type)).toEqual(['1', '2', '3', '5']);
  expect(rows.map(([, , id]) => id)).toEqual([circuit, circuit, circuit, circuit]);
  const ours = rows.filter(([type]) => type === '2' || type === '5');
  expect(
    ours.map(([, codes]) =>
      codes
        ?.replace(/(,0)*$/, '')
        .split(',')
        .slice(-2),
    ),
  ).toEqual([
    ['61', '82'],
    ['61', '82'],
  ]);
});

test('a relay of a network that cluster.yaml does not name is not answered, and told', async () => {
  at.net.start('router', relays.dnsmasq);
  const service = await at.serve({ network: {} });

  await expect(at.udhcpc('client', ['-t', '2', '-T', '1'])).rejects.toThrow('no lease');
  expect(await service.line(/dhcp\.ignored/)).toContain('network.subnets');
});
