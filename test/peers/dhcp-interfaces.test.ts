/** A storage node with two networks: what comes in by the other one is never answered. Needs root. */
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { decodeUdpFrame } from '../../src/wire/udp-frame.ts';
import type { DhcpServiceInput } from '../support/dhcp-service.ts';
import { Namespaces, type NamespaceProgram } from '../support/namespaces.ts';

const node01 = 'dc:a6:32:00:00:01';
const intruder = '02:00:00:00:00:77';

const input: DhcpServiceInput = {
  interface: 'eth0',
  address: '10.42.0.1/24',
  pool: '10.42.0.200-10.42.0.210',
  nodes: [{ name: 'node01', mac: node01, board: 'pi4', address: '10.42.0.11', role: 'compute' }],
  looksForForeign: false,
};

let net: Namespaces;
beforeEach(async () => {
  net = new Namespaces();
  for (const name of ['server', 'client', 'elsewhere']) await net.add(name);
  await net.cable(
    { namespace: 'server', interface: 'eth0', address: '10.42.0.1/24' },
    { namespace: 'client', interface: 'end0', mac: node01 },
  );
  await net.cable(
    { namespace: 'server', interface: 'eth1', address: '192.168.7.1/24' },
    { namespace: 'elsewhere', interface: 'end0', mac: intruder, address: '192.168.7.9/24' },
  );
  // An address of the boot network reaches this machine by the other cable as well: Linux takes it from any.
  await net.run('elsewhere', ['ip', 'route', 'add', '10.42.0.0/24', 'via', '192.168.7.1']);
});
afterEach(() => net.close());

const script = (name: string) => path.resolve(import.meta.dirname, '../support', name);
const typescript = (name: string, ...args: readonly string[]) => [
  process.execPath,
  '--import',
  'tsx',
  script(name),
  ...args,
];
const service = (changes: Partial<DhcpServiceInput>) =>
  typescript('dhcp-service.ts', JSON.stringify({ ...input, ...changes }));

async function ready(argv: readonly string[]): Promise<NamespaceProgram> {
  const program = net.start('server', argv);
  await program.line(/^ready$/);
  return program;
}

const udhcpc = ['busybox', 'udhcpc', '-i', 'end0', '-f', '-n', '-q', '-t', '2', '-T', '1', '-s', '/bin/true'];

/** The whole conversation of a client that is not on the boot network: by broadcast, and straight to both addresses. */
async function expectSilence(serving: NamespaceProgram): Promise<void> {
  await expect(net.run('elsewhere', udhcpc)).rejects.toThrow('no lease');
  const discover = `0101060012345678${'00'.repeat(20)}${intruder.replaceAll(':', '')}${'00'.repeat(202)}63825363350101ff`;
  const send = `const s=require('dgram').createSocket('udp4');s.on('message',()=>console.log('answered'));s.bind(68,()=>{
    for (const a of ['10.42.0.1','192.168.7.1']) s.send(Buffer.from('${discover}','hex'),67,a);setTimeout(()=>s.close(),700)})`;
  expect(await net.run('elsewhere', [process.execPath, '-e', send])).toBe('');
  expect(serving.lines.filter((line) => line.includes(intruder))).toEqual([]);
}

const activated = (datagrams: 'addon' | 'plain') => [
  'perl',
  script('activate.pl'),
  'dhcp=eth0:67',
  'dhcp-client=eth0:68',
  '--',
  ...service({ datagrams }),
];

test.each([
  ['the addon binds its socket to the interface', service({ datagrams: 'addon' })],
  ['the addon has the socket from systemd', activated('addon')],
  ["Node's socket is the one from systemd", activated('plain')],
])('%s: it serves that one and hears nothing of the other', async (_name, argv) => {
  const serving = await ready(argv);

  expect(await net.run('client', udhcpc)).toBe('');
  await expectSilence(serving);

  expect(serving.lines.filter((line) => line.includes('dhcp.acknowledged'))).toHaveLength(1);
  expect(await serving.stop()).toBe(0);
});

test('the addon looks for other servers on its own network only', async () => {
  const dnsmasq = [
    'dnsmasq',
    '--no-daemon',
    '--port=0',
    '--conf-file=/dev/null',
    '--bind-interfaces',
    '--leasefile-ro',
  ];
  const other = net.start('elsewhere', [...dnsmasq, '--interface=end0', '--dhcp-range=192.168.7.50,192.168.7.60,1h']);
  await other.line(/DHCP, IP range/);

  const serving = await ready(service({ datagrams: 'addon', looksForForeign: true }));

  expect(serving.lines[0]).toBe('foreign []');
  expect(await serving.stop()).toBe(0);
});

test("Node's sockets refuse, because they would answer on both", async () => {
  const refused = net.start('server', service({ datagrams: 'plain' }));

  expect(await refused.line(/^error/)).toContain('DHCP on eth0 would also answer on eth1');
});

describe('a client that has no address yet', () => {
  const broadcastFlag = (isSet: boolean) => (isSet ? ['-B'] : []);

  /** Where the frames of the service went: hardware and IP address. */
  async function destinations(
    datagrams: 'addon' | 'plain',
    asksForBroadcast: boolean,
    ...before: readonly string[]
  ): Promise<string[]> {
    const serving = await ready([...before, ...service({ datagrams })]);
    const frames = net.start('client', typescript('frames.ts', 'end0', 'ipv4'));
    await frames.line(/^ready$/);
    await net.run('client', [...udhcpc, ...broadcastFlag(asksForBroadcast)]);
    await frames.line(/^[0-9a-f]+$/, 2);
    await serving.stop();
    await frames.stop();
    return frames.lines
      .filter((line) => line !== 'ready')
      .map((line) => {
        const { from, to } = decodeUdpFrame(Buffer.from(line, 'hex'));
        expect(from).toMatchObject({ address: parseIpv4('10.42.0.1'), port: 67 });
        return `${to.mac} ${to.address}:${to.port}`;
      });
  }

  test('is reached by its hardware address with the addon', async () => {
    const unicast = `${parseMac(node01)} 10.42.0.11:68`;

    expect(await destinations('addon', false)).toEqual([unicast, unicast]);
    // With no more than the service's unit allows, too.
    const capabilities = '-all,+net_bind_service,+net_raw,+net_admin';
    expect(await destinations('addon', false, 'setpriv', '--bounding-set', capabilities)).toEqual([unicast, unicast]);
  });

  test.each<['addon' | 'plain', string, boolean, ...string[]]>([
    ['addon', 'that asks for broadcasts gets them', true],
    ['plain', "gets broadcasts from Node's sockets, which do not exclude others", false],
    [
      'addon',
      'gets broadcasts where the service may open no packet socket',
      false,
      'setpriv',
      '--bounding-set',
      '-net_raw',
    ],
  ])('(%s) %s', async (datagrams, _name, asksForBroadcast, ...before) => {
    const broadcast = 'ff:ff:ff:ff:ff:ff 255.255.255.255:68';
    // Alone on its network: Node cannot do otherwise.
    if (datagrams === 'plain') await net.run('server', ['ip', 'link', 'del', 'eth1']);

    expect(await destinations(datagrams, asksForBroadcast, ...before)).toEqual([broadcast, broadcast]);
  });
});
