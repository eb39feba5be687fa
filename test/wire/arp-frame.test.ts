/** ARP frames: vectors, every refusal, and whatever bytes chance sends. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { ipv4FromNumber, parseIpv4 } from '../../src/model/ipv4.ts';
import { macFromBytes, parseMac } from '../../src/model/mac.ts';
import { arpProbe, decodeArp, encodeArp, type ArpFrame } from '../../src/wire/arp-frame.ts';

const ours = parseMac('2c:cf:67:00:00:01');
const board = parseMac('dc:a6:32:00:00:01');

/** As RFC 826 lays them out; constructed. */
const probe =
  'ffffffffffff 2ccf67000001 0806 0001 0800 06 04 0001 2ccf67000001 00000000 000000000000 0a2a00c8'.replaceAll(' ', '');
const answer =
  '2ccf67000001 dca632000001 0806 0001 0800 06 04 0002 dca632000001 0a2a00c8 2ccf67000001 00000000'.replaceAll(' ', '');

test.each<[string, string, ArpFrame]>([
  ['a probe', probe, arpProbe(ours, parseIpv4('10.42.0.200'))],
  [
    'its answer',
    answer,
    {
      kind: 'reply',
      to: ours,
      sender: { mac: board, address: parseIpv4('10.42.0.200') },
      target: { mac: ours, address: parseIpv4('0.0.0.0') },
    },
  ],
])('%s, both ways', (_name, hex, frame) => {
  expect(Buffer.from(encodeArp(frame)).toString('hex')).toBe(hex);
  expect(decodeArp(Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(18)]))).toEqual(frame);
});

const bent = (at: number, bytes: string): Buffer => {
  const frame = Buffer.from(answer, 'hex');
  frame.write(bytes, at, 'hex');
  return frame;
};

test.each([
  ['a frame that is too short', Buffer.from(answer, 'hex').subarray(0, 41), 'not ARP'],
  ['another EtherType', bent(12, '0800'), 'not ARP'],
  ['another kind of cable', bent(14, '0006'), 'not ARP for IPv4 over Ethernet'],
  ['another protocol', bent(16, '86dd'), 'not ARP for IPv4 over Ethernet'],
  ['longer addresses', bent(18, '08'), 'not ARP for IPv4 over Ethernet'],
  ['reverse ARP', bent(20, '0003'), 'ARP operation 3 is neither request nor reply'],
])('%s is refused', (_name, frame, sentence) => {
  expect(() => decodeArp(frame)).toThrow(new WireError(sentence));
});

test('every frame comes back as it was sent, and everything else is refused', () => {
  const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
  const end = fc.record({ mac, address: fc.nat(0xffffffff).map(ipv4FromNumber) });
  fc.assert(
    fc.property(fc.constantFrom('request', 'reply'), mac, end, end, (kind, to, sender, target) => {
      expect(decodeArp(encodeArp({ kind, to, sender, target }))).toEqual({ kind, to, sender, target });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (frame) => {
      expect(() => decodeArp(frame)).toThrow(WireError);
    }),
  );
});
