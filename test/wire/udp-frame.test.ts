/** UDP in Ethernet frames: vectors that another program made, every refusal, and whatever bytes chance sends. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { ipv4FromNumber, parseIpv4 } from '../../src/model/ipv4.ts';
import { macFromBytes, parseMac } from '../../src/model/mac.ts';
import { decodeUdpFrame, encodeUdpFrame, type Station } from '../../src/wire/udp-frame.ts';

const from: Station = { mac: parseMac('2c:cf:67:00:00:01'), address: parseIpv4('10.42.0.1'), port: 67 };
const to: Station = { mac: parseMac('dc:a6:32:00:00:01'), address: parseIpv4('10.42.0.11'), port: 68 };

/** Made by a Python script after RFC 768 and RFC 1071. */
const hello = 'dca6320000012ccf67000001080045000021000000004011666d0a2a00010a2a000b00430044000da71b68656c6c6f';
/** A payload whose checksum is 0, which is sent as all ones. */
const zeroSum = 'dca6320000012ccf6700000108004500001e00000000401166700a2a00010a2a000b00430044000affffeaf3';

test.each([
  ['an odd number of bytes', hello, '68656c6c6f'],
  ['a checksum of zero', zeroSum, 'eaf3'],
])('%s, both ways', (_name, hex, payload) => {
  const frame = { from, to, payload: Buffer.from(payload, 'hex') };

  expect(Buffer.from(encodeUdpFrame(frame)).toString('hex')).toBe(hex);
  expect(decodeUdpFrame(Buffer.from(hex, 'hex'))).toEqual({ ...frame, checksum: 'right' });
});

/** The vector with other bytes from `at` on, and the sum of the IPv4 header made right again. */
function changed(at: number, bytes: string): Buffer {
  const frame = Buffer.from(hello, 'hex');
  frame.write(bytes, at, 'hex');
  if (at === 24) return frame;
  frame.writeUInt16BE(0, 24);
  let sum = 0;
  const headerEnd = 14 + ((frame[14] ?? 0) & 0xf) * 4;
  for (let word = 14; word + 1 < Math.min(headerEnd, frame.length); word += 2) sum += frame.readUInt16BE(word);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  frame.writeUInt16BE(~sum & 0xffff, 24);
  return frame;
}

describe('what is no whole UDP datagram over IPv4 is refused', () => {
  test.each([
    ['shorter than its headers', Buffer.from(hello, 'hex').subarray(0, 33), 'a frame of 33 bytes'],
    ['another EtherType', changed(12, '86dd'), 'EtherType 0x86dd is not IPv4'],
    ['IPv6 behind the EtherType of IPv4', changed(14, '65'), 'not an IPv4 header'],
    ['a header of four words', changed(14, '44'), 'not an IPv4 header'],
    ['longer than the frame', changed(16, '0022'), 'IPv4 says 34 bytes'],
    ['shorter than its header', changed(16, '0013'), 'IPv4 says 19 bytes'],
    ['a wrong sum of the header', changed(24, '0000'), 'the IPv4 checksum is wrong'],
    ['TCP', changed(23, '06'), 'IPv4 protocol 6 is not UDP'],
    ['a first fragment', changed(20, '2000'), 'a fragment'],
    ['a later fragment', changed(20, '0001'), 'a fragment'],
    ['no room for the UDP header', changed(16, '001b'), 'UDP says 0 bytes'],
    ['UDP longer than its packet', changed(38, '000e'), 'UDP says 14 bytes'],
    ['UDP shorter than its header', changed(38, '0007'), 'UDP says 7 bytes'],
  ])('%s', (_name, frame, sentence) => {
    expect(() => decodeUdpFrame(frame)).toThrow(new WireError(sentence));
  });
});

test('"do not fragment" is no fragment, and padding of the cable is no payload', () => {
  const padded = Buffer.concat([changed(20, '4000'), Buffer.alloc(13, 0xaa)]);

  expect(Buffer.from(decodeUdpFrame(padded).payload).toString()).toBe('hello');
});

test('options in the IPv4 header are stepped over', () => {
  const plain = Buffer.from(hello, 'hex');
  const longer = Buffer.concat([plain.subarray(0, 34), Buffer.from('01010101', 'hex'), plain.subarray(34)]);
  longer.writeUInt16BE(37, 16);
  longer[14] = 0x46;
  // The sum grew by 0x0104 + 0x0100 for the length and the header's words, and by the option's words.
  longer.writeUInt16BE(0, 24);
  let sum = 0;
  for (let word = 14; word < 38; word += 2) sum += longer.readUInt16BE(word);
  longer.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 24);

  expect(decodeUdpFrame(longer)).toMatchObject({ from, to, checksum: 'right' });
});

test.each([
  ['none', '0000'],
  ['wrong', 'a71a'],
])('a checksum that is %s is told', (checksum, bytes) => {
  expect(decodeUdpFrame(changed(40, bytes)).checksum).toBe(checksum);
});

test('a datagram that IPv4 has no room for', () => {
  expect(() => encodeUdpFrame({ from, to, payload: new Uint8Array(65_508) })).toThrow(WireError);
  expect(decodeUdpFrame(encodeUdpFrame({ from, to, payload: new Uint8Array(65_507) })).checksum).toBe('right');
});

const aStation = fc.record({
  mac: fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes),
  address: fc.nat(0xffffffff).map(ipv4FromNumber),
  port: fc.nat(0xffff),
});

test('every datagram comes back as it was sent', () => {
  fc.assert(
    fc.property(aStation, aStation, fc.uint8Array({ maxLength: 1600 }), (sender, receiver, payload) => {
      const decoded = decodeUdpFrame(encodeUdpFrame({ from: sender, to: receiver, payload }));
      expect(decoded).toEqual({ from: sender, to: receiver, payload: Buffer.from(payload), checksum: 'right' });
    }),
  );
});

test('whatever arrives is decoded or refused', () => {
  const bent = fc
    .tuple(fc.nat(46), fc.uint8Array({ minLength: 1, maxLength: 6 }))
    .map(([at, bytes]) => changed(at, Buffer.from(bytes).toString('hex')));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), bent), (frame) => {
      try {
        expect(decodeUdpFrame(frame).payload.byteLength).toBeLessThanOrEqual(frame.byteLength - 42);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 3000 },
  );
});
