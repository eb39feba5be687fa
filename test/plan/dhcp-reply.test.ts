/** What is answered to whom: all messages in all states of a client, real boards' packets among them. */
import { describe, expect, test } from 'vitest';

import { NodeList } from '../../src/model/node.ts';
import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import type { MessageType } from '../../src/wire/dhcp-options.ts';
import { ask, firmwareClass, serialOption, type Ask } from '../support/dhcp-client.ts';
import { decide, network, node02, nodes, site, stranger, visitor, words } from '../support/dhcp-site.ts';
import { bytes, readVectors } from '../support/vectors.ts';

const all = '255.255.255.255:68';
const byMac = (last: number) => `at 10.42.0.${last}:68 by its MAC`;

describe('a node', () => {
  test.each<[string, MessageType | undefined, Ask, string]>([
    ['DISCOVER', 'discover', {}, `offer 10.42.0.12 to node02 ${byMac(12)}`],
    [
      'DISCOVER of its firmware begins a boot',
      'discover',
      { vendorClass: firmwareClass },
      `offer 10.42.0.12 to node02+boot ${byMac(12)}`,
    ],
    [
      'DISCOVER that wishes for another address',
      'discover',
      { requested: '10.42.0.99' },
      `offer 10.42.0.12 to node02 ${byMac(12)}`,
    ],
    [
      'DISCOVER with a client id of its own',
      'discover',
      { options: [[61, bytes('ff01020304')]] },
      `offer 10.42.0.12 to node02 ${byMac(12)}`,
    ],
    ['SELECTING', 'request', { server: '10.42.0.1', requested: '10.42.0.12' }, `ack 10.42.0.12 to node02 ${byMac(12)}`],
    [
      'SELECTING of its firmware is no second boot',
      'request',
      { server: '10.42.0.1', requested: '10.42.0.12', vendorClass: firmwareClass },
      `ack 10.42.0.12 to node02 ${byMac(12)}`,
    ],
    [
      'SELECTING with another address',
      'request',
      { server: '10.42.0.1', requested: '10.42.0.99' },
      `nak 0.0.0.0 to node02 at ${all}`,
    ],
    [
      'SELECTING another server',
      'request',
      { server: '10.42.0.254', requested: '10.42.0.77' },
      'elsewhere: node02 (dc:a6:32:00:00:02) takes its address from another DHCP server, 10.42.0.254; switch that one off',
    ],
    ['SELECTING without an address', 'request', { server: '10.42.0.1' }, 'ignore: REQUEST names no address'],
    ['INIT-REBOOT', 'request', { requested: '10.42.0.12' }, `ack 10.42.0.12 to node02 ${byMac(12)}`],
    ['INIT-REBOOT from another network', 'request', { requested: '192.168.1.5' }, `nak 0.0.0.0 to node02 at ${all}`],
    ['INIT-REBOOT with its old address', 'request', { requested: '10.42.0.210' }, `nak 0.0.0.0 to node02 at ${all}`],
    ['RENEWING and REBINDING', 'request', { ciaddr: '10.42.0.12' }, 'ack 10.42.0.12 to node02 at 10.42.0.12:68'],
    ['RENEWING after its address was changed', 'request', { ciaddr: '10.42.0.210' }, `nak 0.0.0.0 to node02 at ${all}`],
    ['REQUEST of nothing', 'request', {}, 'ignore: REQUEST names no address'],
    ['INFORM', 'inform', { ciaddr: '10.42.0.12' }, 'ack 0.0.0.0 to node02 at 10.42.0.12:68'],
    [
      'INFORM from elsewhere',
      'inform',
      { ciaddr: '10.42.0.99' },
      'ignore: node02 asks for settings at 10.42.0.99, its address is 10.42.0.12',
    ],
    [
      'DECLINE',
      'decline',
      { requested: '10.42.0.12', server: '10.42.0.1' },
      'conflict: node02 (dc:a6:32:00:00:02) found another machine at its address 10.42.0.12; give one of them another address',
    ],
    [
      'RELEASE',
      'release',
      { ciaddr: '10.42.0.12', server: '10.42.0.1' },
      'ignore: addresses belong to boards, so nothing is released',
    ],
    ["a server's message", 'offer', {}, 'ignore: offer is a message of servers'],
    ['BOOTP', undefined, {}, 'undefined 10.42.0.12 to node02 at 10.42.0.12:68 by its MAC'],
    [
      'a message of another RFC',
      undefined,
      { options: [[53, bytes('0d')]] },
      'ignore: it is of a type that RFC 2131 does not know',
    ],
    [
      'DISCOVER through a relay',
      'discover',
      { giaddr: '10.9.0.1' },
      'ignore: it came through the relay 10.9.0.1, of whose network cluster.yaml says nothing in network.subnets',
    ],
    [
      "DISCOVER with another board's serial",
      'discover',
      { options: [serialOption('1aa2bb31')] },
      'conflict: the board with MAC dc:a6:32:00:00:02 and serial 1aa2bb31 is node02 by its MAC and node01 by its serial; correct one of the two in nodes.yaml',
    ],
    [
      'DISCOVER of a second board with its MAC',
      'discover',
      { options: [serialOption('00000077')] },
      'conflict: two boards have the MAC dc:a6:32:00:00:02 of node02: one with serial 00000077, while nodes.yaml gives node02 the serial 00000002; give one board another MAC, or correct the serial in nodes.yaml',
    ],
  ])('%s', (_name, type, of, expected) => {
    expect(words(decide(ask(type, { mac: node02, ...of }), site))).toBe(expected);
  });
});

describe('a board that is no node', () => {
  test.each<[string, string, MessageType | undefined, Ask, string]>([
    ['DISCOVER', stranger, 'discover', {}, `offer 10.42.0.200 to unknown ${byMac(200)}`],
    ['DISCOVER once more', visitor, 'discover', {}, `offer 10.42.0.210 to unknown ${byMac(210)}`],
    [
      'SELECTING',
      visitor,
      'request',
      { server: '10.42.0.1', requested: '10.42.0.210' },
      `ack 10.42.0.210 to unknown ${byMac(210)}`,
    ],
    [
      'SELECTING after the record was lost',
      stranger,
      'request',
      { server: '10.42.0.1', requested: '10.42.0.200' },
      `ack 10.42.0.200 to unknown ${byMac(200)}`,
    ],
    [
      'SELECTING an address that it was not offered',
      visitor,
      'request',
      { server: '10.42.0.1', requested: '10.42.0.12' },
      `nak 0.0.0.0 to unknown at ${all}`,
    ],
    [
      'SELECTING another server',
      visitor,
      'request',
      { server: '10.42.0.254', requested: '10.42.0.77' },
      'elsewhere: it chose the DHCP server 10.42.0.254',
    ],
    ['INIT-REBOOT', visitor, 'request', { requested: '10.42.0.210' }, `ack 10.42.0.210 to unknown ${byMac(210)}`],
    [
      'INIT-REBOOT of an address that nobody gave',
      stranger,
      'request',
      { requested: '10.42.0.77' },
      'ignore: it asks to keep 10.42.0.77, of which nothing is known here: RFC 2131 §4.3.2',
    ],
    [
      'INIT-REBOOT from another network',
      stranger,
      'request',
      { requested: '192.168.1.5' },
      `nak 0.0.0.0 to unknown at ${all}`,
    ],
    ['RENEWING', visitor, 'request', { ciaddr: '10.42.0.210' }, 'ack 10.42.0.210 to unknown at 10.42.0.210:68'],
    ['INFORM', visitor, 'inform', { ciaddr: '10.42.0.210' }, 'ack 0.0.0.0 to unknown at 10.42.0.210:68'],
    [
      'INFORM of a stranger',
      stranger,
      'inform',
      { ciaddr: '10.42.0.77' },
      'ignore: INFORM of a machine that is no node',
    ],
    ['BOOTP', visitor, undefined, {}, 'ignore: it is BOOTP, which only nodes are answered'],
    ['RELEASE', visitor, 'release', { ciaddr: '10.42.0.210' }, 'released: it gives 10.42.0.210 back'],
    [
      'RELEASE of an address of somebody else',
      visitor,
      'release',
      { ciaddr: '10.42.0.12' },
      'ignore: it releases an address that it does not have',
    ],
    [
      'DECLINE',
      visitor,
      'decline',
      { requested: '10.42.0.210' },
      'declined 10.42.0.210: another machine uses the pool address 10.42.0.210',
    ],
    [
      'DECLINE of an address of somebody else',
      visitor,
      'decline',
      { requested: '10.42.0.12' },
      'ignore: it declines an address that it was not given',
    ],
    ['DECLINE of nothing', stranger, 'decline', {}, 'ignore: it declines an address that it was not given'],
  ])('%s', (_name, mac, type, of, expected) => {
    expect(words(decide(ask(type, { mac, ...of }), site))).toBe(expected);
  });

  test('a full pool is a reason, and nodes do not feel it', () => {
    const full: DhcpSite = { ...site, network: network({ pool: '10.42.0.210-10.42.0.210' }) };

    expect(words(decide(ask('discover', { mac: stranger }), full))).toContain('full: all 1 addresses of the pool');
    expect(
      words(decide(ask('request', { mac: stranger, server: '10.42.0.1', requested: '10.42.0.210' }), full)),
    ).toContain('full: all 1');
    expect(words(decide(ask('discover', { mac: node02 }), full))).toContain('offer 10.42.0.12');
  });

  test('what its firmware says is passed on', () => {
    const decision = decide(decodeDhcp(readVectors('pi5-2026-08-12').packet('discover')), site);

    expect(decision).toMatchObject({
      who: {
        kind: 'unknown',
        board: { mac: 'd8:3a:dd:e8:27:1e', address: '10.42.0.200', serial: '2659d400', board: 'pi5' },
      },
    });
  });
});

test.each<[string, Partial<DhcpPacket>, string]>([
  ['a reply', { op: 'reply' }, 'ignore: it is a reply'],
  ['another hardware', { htype: 6 }, 'ignore: its hardware address is not that of an Ethernet station'],
  ['a short address', { chaddr: bytes('dca632') }, 'ignore: its hardware address is not that of an Ethernet station'],
])('%s is not answered', (_name, change, expected) => {
  expect(words(decide({ ...ask('discover'), ...change }, site))).toBe(expected);
});

describe.each(['pi4-2019-12-03', 'pi4-2020-04-16', 'pi4-2022-10-18', 'pi4-2026-08-04'])('%s', (board) => {
  const at: DhcpSite = {
    ...site,
    network: network({ address: '10.77.0.1/24', pool: '10.77.0.200-10.77.0.210' }),
    nodes: NodeList.parse([{ ...nodes[0], address: '10.77.0.56' }]),
  };

  test('its DISCOVER finds the node by its serial and begins a boot', () => {
    expect(words(decide(decodeDhcp(readVectors(board).packet('discover')), at))).toBe(
      `offer 10.77.0.56 to node01+mac+boot at 10.77.0.56:68 by its MAC`,
    );
  });

  test('its REQUEST is acknowledged, also without option 60 or a serial, once the MAC is learned', () => {
    const learned = {
      ...at,
      nodes: NodeList.parse([{ ...nodes[0], address: '10.77.0.56', mac: 'dc:a6:32:12:34:56' }]),
    };

    expect(words(decide(decodeDhcp(readVectors(board).packet('request')), learned))).toBe(
      `ack 10.77.0.56 to node01 at 10.77.0.56:68 by its MAC`,
    );
  });
});

test('a Pi 3 boot ROM is found by the MAC that follows from its serial', () => {
  const at: DhcpSite = {
    ...site,
    nodes: NodeList.parse([{ name: 'old', serial: '0028f66d', board: 'pi3', address: '10.42.0.30', role: 'compute' }]),
  };

  expect(words(decide(decodeDhcp(readVectors('pi3-rom').packet('discover')), at))).toBe(
    `offer 10.42.0.30 to old+mac+boot at ${all}`,
  );
});
