/** Everything that DHCP answers, under the eyes of Wireshark: no packet is malformed, none has an expert's error. Needs root. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { ask, firmwareClass, type Ask } from '../support/dhcp-client.ts';
import { DhcpNet } from '../support/dhcp-net.ts';
import { bytes, readVectors } from '../support/vectors.ts';

const node = 'dc:a6:32:12:34:56';
const stranger = '02:00:00:00:00:09';

/** So many that no answer has room for them in one field. */
const dns = Array.from({ length: 40 }, (_, index) => `10.42.0.${100 + index}`);

let at: DhcpNet;

beforeEach(async () => {
  at = await DhcpNet.open({
    interface: 'eth0',
    address: '10.42.0.1/24',
    pool: '10.42.0.200-10.42.0.220',
    nodes: [{ name: 'node01', serial: '1aa2bb31', mac: node, board: 'pi4', address: '10.42.0.11', role: 'compute' }],
    looksForForeign: false,
    network: {
      dns,
      probe: false,
      subnets: [{ subnet: '10.43.0.0/24', pool: '10.43.0.200-10.43.0.201', gateway: '10.43.0.1' }],
    },
  });
  await at.net.add('server');
  await at.net.add('client');
  await at.net.cable(
    { namespace: 'server', interface: 'eth0', address: '10.42.0.1/24' },
    { namespace: 'client', interface: 'end0', address: '10.42.0.99/24' },
  );
  await at.net.run('client', ['ip', 'address', 'add', '10.43.0.1/24', 'dev', 'end0']);
  await at.net.run('server', ['ip', 'route', 'add', '10.43.0.0/24', 'dev', 'eth0']);
});

afterEach(() => at.close());

test('a whole conversation is well-formed, message by message', async () => {
  const of = (changes: Ask = {}): Ask => ({ mac: node, ...changes });
  const long = [61, bytes(`00${'ab'.repeat(250)}`)] as const;
  const small = [57, bytes('0240')] as const;
  const relayed = { giaddr: '10.43.0.1', mac: stranger };
  const agent = [82, bytes('0104 65746831 0206 020000000001')] as const;
  await at.serve();
  const capture = await at.capture('client', 'end0');

  await at.speak('client', [
    decodeDhcp(readVectors('pi4-2026-08-04').packet('discover')),
    decodeDhcp(readVectors('pi3-rom').packet('discover')),
    ask('request', of({ server: '10.42.0.1', requested: '10.42.0.11', vendorClass: firmwareClass })),
    ask('request', of({ requested: '192.168.7.7' })),
    ask('discover', of({ options: [long, small] })),
    ask(undefined, of()),
    ask('discover', { mac: stranger }),
    ask('request', { mac: stranger, server: '10.42.0.1', requested: '10.42.0.201' }),
    ask('decline', { mac: stranger, server: '10.42.0.1', requested: '10.42.0.201' }),
  ]);
  await at.net.run('client', ['ip', 'address', 'add', '10.42.0.11/24', 'dev', 'end0']);
  await at.speak('client', [ask('inform', of({ ciaddr: '10.42.0.11' }))]);
  await at.speak(
    'client',
    [
      ask('discover', { ...relayed, options: [agent] }),
      ask('request', { ...relayed, requested: '192.168.7.7', server: '10.42.0.1', options: [agent] }),
    ],
    { port: 67, to: '10.42.0.1' },
  );
  await capture.stop();

  const types = await capture.read('dhcp.type == 2', 'dhcp.option.dhcp');
  expect(types).toEqual(['2', '2', '5', '6', '2', '2', '5', '5', '2', '6']);
  expect(await capture.read('dhcp.type == 2 && !dhcp.option.dhcp', 'dhcp.ip.your')).toEqual(['10.42.0.11']);
  expect(await capture.read('dhcp.option.option_overload', 'dhcp.option.option_overload')).toEqual(['3']);
  expect(await capture.read('dhcp.type == 2 && dhcp.option.type == 82', 'dhcp.ip.relay')).toEqual([
    '10.43.0.1',
    '10.43.0.1',
  ]);
  expect(await capture.faults('dhcp')).toEqual([]);
  const errors = 'dhcp.type == 2 && _ws.expert.severity >= 0x600000';
  expect(await capture.read(errors, 'frame.number', '_ws.expert.message')).toEqual([]);
});

/** So that the answers to all of them come to one station. */
const byBroadcast = (packet: DhcpPacket): DhcpPacket => ({ ...packet, flags: 0x8000 });

describe('to firmware that is no Pi, and to what it starts', () => {
  const machine = { name: 'big', mac: '52:54:00:42:00:12', board: 'uefi', address: '10.42.0.21', role: 'compute' };
  const uefi = readVectors('uefi-edk2-2022-11');
  const uboot = readVectors('u-boot-2025-01');
  const asked = [
    ...['pxe-discover', 'http-discover', 'ipxe-discover'].map((name) => decodeDhcp(uefi.packet(name))),
    ...['discover', 'efi-discover'].map((name) => decodeDhcp(uboot.packet(name))),
    ask('discover', { mac: machine.mac }),
  ];

  test.each([
    ['as the only server', {}, 6],
    ['beside another one', { dhcp: 'proxy' }, 3],
  ])('%s', async (_name, more, answers) => {
    await at.serve({ nodes: [machine], network: { probe: false, ...more } });
    const capture = await at.capture('client', 'end0');

    await at.speak('client', asked.map(byBroadcast));
    await capture.stop();

    const programs = await capture.read('dhcp.type == 2', 'dhcp.option.dhcp', 'dhcp.file');
    expect(programs).toHaveLength(answers);
    expect(programs.slice(0, 3)).toEqual([
      '2\tipxe-arm64.efi',
      '2\thttp://10.42.0.1/boot/v1/files/ipxe-arm64.efi',
      '2\thttp://10.42.0.1/boot/v1/files/autoexec.ipxe',
    ]);
    expect(await capture.faults('dhcp')).toEqual([]);
  });
});

test('to Pis beside another server, in both halves', async () => {
  await at.serve({ network: { dhcp: 'proxy', probe: false } });
  const capture = await at.capture('client', 'end0');
  const boards = ['pi3-rom', 'pi4-2019-12-03', 'pi4-2026-08-04', 'pi5-2026-08-12'];

  await at.speak(
    'client',
    boards.map((name) => byBroadcast(decodeDhcp(readVectors(name).packet('discover')))),
  );
  await capture.stop();

  expect(await capture.read('dhcp.type == 2', 'dhcp.ip.your', 'dhcp.ip.server')).toContain('0.0.0.0\t10.42.0.1');
  expect(await capture.faults('dhcp')).toEqual([]);
});
