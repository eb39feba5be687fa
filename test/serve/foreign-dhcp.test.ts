/** Looking for another DHCP server: who counts as one, and when the search ends. */
import { expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { findForeignDhcp, foreignDhcpError } from '../../src/serve/foreign-dhcp.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import {
  addressesValue,
  messageTypeValue,
  option,
  readMessageType,
  type MessageType,
} from '../../src/wire/dhcp-options.ts';
import { readMac, type DhcpPacket } from '../../src/wire/dhcp.ts';
import { FakeDhcpSocket } from '../support/fake-dhcp-socket.ts';
import { bytes } from '../support/vectors.ts';

const ours = parseIpv4('10.42.0.1');

function answer(
  to: DhcpPacket,
  type: MessageType,
  server: string | undefined,
  changes: Partial<DhcpPacket> = {},
): Uint8Array {
  const options = new Map<number, Uint8Array>([[option.messageType, messageTypeValue(type)]]);
  if (server !== undefined) options.set(option.serverId, addressesValue([parseIpv4(server)]));
  return encodeDhcp({ ...to, op: 'reply', yiaddr: parseIpv4('10.42.0.99'), options, ...changes });
}

type Network = (question: DhcpPacket) => readonly Uint8Array[];

/** Asks a network that answers each question so. */
async function find(network: Network, waitMs = 40) {
  const socket = new FakeDhcpSocket();
  socket.onSend = (question) => {
    for (const datagram of network(question)) socket.deliver(datagram);
  };
  const { signal } = new AbortController();
  const pace = { waitMs, askAgainMs: 10, moreAnswersMs: 10 };
  return { socket, found: await findForeignDhcp({ clientSocket: socket, ours, serverPort: 67, pace, signal }) };
}

test('it asks twice, by broadcast, as a station that nobody knows', async () => {
  const { found, socket } = await find(() => []);

  const asked = socket.sent.map(({ packet, to }) => {
    const firstByte = Number.parseInt(readMac(packet)?.slice(0, 2) ?? '', 16);
    return `${readMessageType(packet.options)} flags ${packet.flags} to ${to.address}:${to.port}, MAC bits ${firstByte & 3}`;
  });
  expect(found).toEqual([]);
  expect(asked).toEqual(Array.from({ length: 2 }, () => 'discover flags 32768 to 255.255.255.255:67, MAC bits 2'));
  expect(socket.isListening).toBe(false);
});

test.each<[string, Network, string[]]>([
  ['an offer', (question) => [answer(question, 'offer', '10.42.0.254')], ['10.42.0.254']],
  [
    'offers of two servers, one of them twice',
    (question) => ['10.42.0.254', '10.42.0.253', '10.42.0.254'].map((server) => answer(question, 'offer', server)),
    ['10.42.0.254', '10.42.0.253'],
  ],
  ['an offer without a server id', (question) => [answer(question, 'offer', undefined)], ['10.42.0.77']],
  ['our own offer', (question) => [answer(question, 'offer', '10.42.0.1')], []],
  [
    'an offer to somebody else',
    (question) => [answer(question, 'offer', '10.42.0.254', { xid: (question.xid ^ 1) >>> 0 })],
    [],
  ],
  [
    'an offer to another station',
    (question) => [answer(question, 'offer', '10.42.0.254', { chaddr: bytes('020000000001') })],
    [],
  ],
  ['an ACK', (question) => [answer(question, 'ack', '10.42.0.254')], []],
  ['another client', (question) => [encodeDhcp(question)], []],
  ['bytes that are no DHCP', () => [bytes('0102'), new Uint8Array(300)], []],
])('%s', async (_name, network, expected) => {
  expect((await find(network)).found).toEqual(expected);
});

test('an offer to the second question counts, and ends the wait', async () => {
  let questions = 0;
  const { found, socket } = await find((question) => {
    questions += 1;
    return questions === 2 ? [answer(question, 'offer', '10.42.0.254')] : [];
  }, 600_000);

  expect(found).toEqual(['10.42.0.254']);
  expect(socket.sent).toHaveLength(2);
});

test('it can be called off, and lets the socket go', async () => {
  const socket = new FakeDhcpSocket();
  const stop = new AbortController();
  const search = findForeignDhcp({ clientSocket: socket, ours, serverPort: 67, signal: stop.signal });

  stop.abort(new Error('stopped by SIGTERM'));

  await expect(search).rejects.toThrow('stopped by SIGTERM');
  expect(socket.isListening).toBe(false);
});

test.each([
  [
    ['10.42.0.254'],
    'the DHCP server 10.42.0.254 answers on eth0 already; two servers would give boards addresses in turn',
    'Switch the DHCP service of 10.42.0.254 off, or move the boards to a VLAN or switch of their own and set network.interface to it; "dhcp: proxy" in cluster.yaml leaves addresses to the other server.',
  ],
  [
    ['10.42.0.254', '10.42.0.253'],
    'the DHCP servers 10.42.0.254, 10.42.0.253 answer on eth0 already; two servers would give boards addresses in turn',
    'Switch the DHCP service of 10.42.0.254 and 10.42.0.253 off, or move the boards to a VLAN or switch of their own and set network.interface to it; "dhcp: proxy" in cluster.yaml leaves addresses to the other server.',
  ],
])('%s are named with what to do', (servers, message, hint) => {
  expect(foreignDhcpError(servers.map(parseIpv4), 'eth0')).toMatchObject({ message, hint });
});
