/** Beside a home router a loader puts two OFFERs together, whichever comes first. */
import { expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { macToBytes, parseMac } from '../../src/model/mac.ts';
import { addHalf, joinHalves, type OfferHalves } from '../../src/rack/firmware-dhcp.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { messageTypeValue, option } from '../../src/wire/dhcp-options.ts';
import { readVectors } from '../support/vectors.ts';

const mac = parseMac('dc:a6:32:12:34:56');
const who = { board: 'pi4', mac } as BoardIdentity;
const asked = decodeDhcp(readVectors('pi4-2026-08-04').packet('discover'));
const xid = 7;

function offer(changes: Partial<DhcpPacket>, options: readonly (readonly [number, Uint8Array])[]): DhcpPacket {
  const all = new Map([[option.messageType, messageTypeValue('offer')] as const, ...options]);
  return { ...asked, op: 'reply', xid, chaddr: macToBytes(mac), options: all, ...changes };
}

const bytes = (text: string) => Uint8Array.from(text.split('.').map(Number));
const router = offer({ yiaddr: parseIpv4('10.42.0.57') }, [
  [option.serverId, bytes('10.42.0.254')],
  [option.subnetMask, bytes('255.255.0.0')],
  [option.router, bytes('10.42.0.254')],
]);
const proxy = offer({ yiaddr: parseIpv4('0.0.0.0') }, [
  [option.serverId, bytes('10.42.0.1')],
  [option.tftpServerName, Buffer.from('10.42.0.1')],
]);
const whole = offer({ yiaddr: parseIpv4('10.42.0.11') }, [
  [option.serverId, bytes('10.42.0.1')],
  [option.tftpServerName, Buffer.from('10.42.0.1')],
]);
const joined = {
  address: '10.42.0.57',
  serverId: '10.42.0.254',
  tftpServer: '10.42.0.1',
  prefixLength: 16,
  gateway: '10.42.0.254',
};

test.each<[string, readonly DhcpPacket[], object | undefined]>([
  ['the router first', [router, proxy], joined],
  ['the router last', [proxy, router], joined],
  ['the router alone', [router, router], undefined],
  ['nobody gives an address', [proxy, proxy], undefined],
  ['one that says all', [router, whole], { address: '10.42.0.11', serverId: '10.42.0.1' }],
  ['an OFFER to another board', [proxy, { ...router, xid: 8 }], undefined],
])('%s', (_name, replies, expected) => {
  const halves = replies.reduce<OfferHalves>((before, reply) => addHalf(before, reply, who, xid), {});

  const found = joinHalves(halves);

  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject(expected);
});
