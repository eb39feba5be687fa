/** Boards behind relays: which network they are in, what they get there, and where the answer goes. */
import { describe, expect, test } from 'vitest';

import { NodeList } from '../../src/model/node.ts';
import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import { decideDhcp } from '../../src/plan/dhcp-reply.ts';
import { Leases } from '../../src/plan/leases.ts';
import type { DhcpOptions, DhcpPacket } from '../../src/wire/dhcp.ts';
import { ask, type Ask } from '../support/dhcp-client.ts';
import { atMs, decide, network, node02, site, stranger, words } from '../support/dhcp-site.ts';
import { bytes } from '../support/vectors.ts';

const far = 'dc:a6:32:00:00:43';

const at: DhcpSite = {
  ...site,
  network: network({
    gateway: '10.42.0.254',
    subnets: [
      { subnet: '10.43.0.0/24', gateway: '10.43.0.1', pool: '10.43.0.200-10.43.0.210' },
      { subnet: '10.44.0.0/16', gateway: '10.44.0.1' },
    ],
  }),
  nodes: NodeList.parse([
    ...site.nodes,
    { name: 'far01', mac: far, board: 'pi4', address: '10.43.0.11', role: 'compute' },
  ]),
};

/** The relay's port, and link selection where it says so: RFC 3527. */
const agent = (hex: string): NonNullable<Ask['options']> => [[82, bytes(hex)]];

describe('a board gets', () => {
  test.each<[string, Ask, string]>([
    [
      'its address in the network of its relay',
      { mac: far, giaddr: '10.43.0.1' },
      'offer 10.43.0.11 to far01 at 10.43.0.1:67',
    ],
    [
      'an address of that network’s pool',
      { mac: stranger, giaddr: '10.43.0.1' },
      'offer 10.43.0.200 to unknown at 10.43.0.1:67',
    ],
    [
      'one of the network that option 82 names',
      { mac: stranger, giaddr: '172.16.0.9', options: agent('0104 65746831 0504 0a2b0000') },
      'ignore: it came through the relay 10.43.0.0, of whose network cluster.yaml says nothing in network.subnets',
    ],
    [
      'one of the network that option 82 names by a host',
      { mac: stranger, giaddr: '172.16.0.9', options: agent('0104 65746831 0504 0a2b0001') },
      'offer 10.43.0.200 to unknown at 172.16.0.9:67',
    ],
    [
      'nothing where only nodes are served',
      { mac: stranger, giaddr: '10.44.0.1' },
      'ignore: it is no node, and 10.44.0.0/16 has no pool',
    ],
    [
      'nothing in a network in which its address is not',
      { mac: node02, giaddr: '10.43.0.1' },
      'conflict: node02 (dc:a6:32:00:00:02) asks from 10.43.0.0/24, where its address 10.42.0.12 is of no use; move the board, or give it an address there',
    ],
    [
      'nothing at home with an address of elsewhere',
      { mac: far },
      'conflict: far01 (dc:a6:32:00:00:43) asks from 10.42.0.0/24, where its address 10.43.0.11 is of no use; move the board, or give it an address there',
    ],
  ])('%s', (_name, of, expected) => {
    expect(words(decide(ask('discover', of), at))).toBe(expected);
  });
});

test('it is told the mask, broadcast address and router of its network', () => {
  const options = optionsOf(ask('discover', { mac: far, giaddr: '10.43.0.1' }));

  expect([1, 3, 28, 54].map((code) => options.get(code))).toEqual(
    ['ffffff00', '0a2b0001', '0a2b00ff', '0a2a0001'].map(bytes),
  );
});

test('what it has from elsewhere is denied by way of the relay, which is to broadcast that', () => {
  const asked = { mac: far, giaddr: '10.43.0.1', requested: '10.42.0.77' };

  expect(decide(ask('request', asked), at)).toMatchObject({
    answer: 'nak',
    reply: { flags: 0x8000, giaddr: '10.43.0.1' },
    to: { address: '10.43.0.1', port: 67 },
  });
});

test('it renews without the relay, by its own address', () => {
  expect(words(decide(ask('request', { mac: far, ciaddr: '10.43.0.11' }), at))).toBe(
    'ack 10.43.0.11 to far01 at 10.43.0.11:68',
  );
});

test('a relay that wants to be taken for the server is: RFC 5107', () => {
  const options = agent('0b04 0a2b0001');
  const offer = optionsOf(ask('discover', { mac: far, giaddr: '10.43.0.1', options }));
  const request = ask('request', {
    mac: far,
    giaddr: '10.43.0.1',
    server: '10.43.0.1',
    requested: '10.43.0.11',
    options,
  });

  expect(offer.get(54)).toEqual(bytes('0a2b0001'));
  expect(words(decide(request, at))).toBe('ack 10.43.0.11 to far01 at 10.43.0.1:67');
});

test('what the relay added goes back unchanged and last', () => {
  const hex = '0104 65746831 0206 020000000001 97';
  const options = optionsOf(ask('discover', { mac: far, giaddr: '10.43.0.1', options: agent(hex) }));

  expect([...options].at(-1)).toEqual([82, bytes(hex)]);
});

test('addresses behind a relay are not looked for: no ARP reaches there', () => {
  const home = decideDhcp(ask('discover', { mac: stranger }), at, new Leases(), atMs);
  const relayed = decideDhcp(ask('discover', { mac: stranger, giaddr: '10.43.0.1' }), at, new Leases(), atMs);

  expect(home).toMatchObject({ unchecked: '10.42.0.200' });
  expect(relayed).not.toHaveProperty('unchecked');
});

function optionsOf(packet: DhcpPacket): DhcpOptions {
  const decision = decide(packet, at);
  if (decision.kind !== 'answer') throw new Error(words(decision));
  return decision.reply.options;
}
