/** DHCP codec: real packets both ways, every way a frame can be broken, and properties over all packets. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { ipv4FromNumber } from '../../src/model/ipv4.ts';
import { readMac, type DhcpPacket } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { option, readAddress, readMessageType } from '../../src/wire/dhcp-options.ts';
import { bytes, readVectors } from '../support/vectors.ts';

const captures = [
  ['pi4-2019-12-03', 'discover'],
  ['pi4-2019-12-03', 'request'],
  ['pi4-2020-04-16', 'discover'],
  ['pi4-2020-04-16', 'request'],
  ['pi4-2022-10-18', 'discover'],
  ['pi4-2022-10-18', 'request'],
  ['pi4-2026-08-04', 'discover'],
  ['pi4-2026-08-04', 'request'],
  ['pi3-rom', 'discover'],
  ['pi3-rom', 'offer'],
  ['pi3-bootcode', 'discover'],
  ['pi5-2026-08-12', 'discover'],
] as const;

describe.each(captures)('%s %s', (board, name) => {
  test('comes out of decode and encode as the same bytes', () => {
    const wire = readVectors(board).packet(name);

    const again = encodeDhcp(decodeDhcp(wire));

    // Real firmware does not pad to 300 bytes; we do.
    const padding = new Uint8Array(Math.max(0, 300 - wire.byteLength));
    expect(Buffer.from(again).toString('hex')).toBe(Buffer.concat([wire, padding]).toString('hex'));
  });
});

test('a Pi 4 REQUEST reads as words', () => {
  const packet = decodeDhcp(readVectors('pi4-2026-08-04').packet('request'));

  expect(packet).toMatchObject({ op: 'request', htype: 1, hops: 0, secs: 0, flags: 0, siaddr: '10.77.0.1' });
  expect(readMac(packet)).toBe('dc:a6:32:12:34:56');
  expect(readMessageType(packet.options)).toBe('request');
  expect(readAddress(packet.options, option.requestedAddress)).toBe('10.77.0.56');
  expect(readAddress(packet.options, option.serverId)).toBe('10.77.0.1');
});

const header = `01010600 00000001 0000 0000 ${'00'.repeat(16)} dca632123456 ${'00'.repeat(10)}`;
const empty = { sname: '00'.repeat(64), file: '00'.repeat(128) };

/** A DISCOVER whose option area is `options`. */
function message(options: string, { sname, file } = empty): Uint8Array {
  return bytes(`${header} ${sname} ${file} 63825363 ${options}`);
}

function padded(hex: string, sizeBytes: number): string {
  return hex.replaceAll(' ', '').padEnd(2 * sizeBytes, '0');
}

test.each([
  ['an empty datagram', new Uint8Array(), 'DHCP message of 0 bytes, at least 240 are needed'],
  ['one byte too few', message('').subarray(0, 239), 'DHCP message of 239 bytes, at least 240 are needed'],
  [
    'another cookie',
    bytes(`${header} ${empty.sname} ${empty.file} 63825364 ff`),
    'BOOTP message without the DHCP cookie',
  ],
  [
    'a third op',
    Uint8Array.from(message('350101 ff'), (byte, at) => (at === 0 ? 3 : byte)),
    'DHCP op is 3, neither request (1) nor reply (2)',
  ],
  [
    'a long hardware address',
    Uint8Array.from(message('ff'), (byte, at) => (at === 2 ? 17 : byte)),
    'DHCP hardware address of 17 bytes, 16 fit',
  ],
  ['no End', message('350101'), 'DHCP options without End (255)'],
  ['a code without length', message('350101 0c'), 'DHCP option 12 is cut off'],
  ['a length past the end', message('350101 0cc8 4142 ff'), 'DHCP option 12 is cut off'],
  ['a message type of two bytes', message('35020101 ff'), 'DHCP option 53 has 2 bytes instead of 1'],
  ['two message types', message('350101 350103 ff'), 'DHCP option 53 has 2 bytes instead of 1'],
  ['a short requested address', message('350103 32030a0000 ff'), 'DHCP option 50 has 3 bytes instead of 4'],
  ['a long server id', message('350103 36050a00000000 ff'), 'DHCP option 54 has 5 bytes instead of 4'],
  ['overload 4', message('340104 ff'), 'DHCP option 52 (overload) is not 1, 2 or 3'],
  ['overload twice', message('340101 340101 ff'), 'DHCP option 52 (overload) is not 1, 2 or 3'],
  ['overload of a file without End', message('340101 ff'), 'DHCP options without End (255)'],
])('%s is a WireError', (_name, wire, sentence) => {
  expect(() => decodeDhcp(wire)).toThrow(new WireError(sentence));
});

describe('decoding', () => {
  test('Pad is skipped and what follows End is not read', () => {
    expect(decodeDhcp(message('00 350101 0000 0c0141 ff 0c0142')).options).toEqual(
      new Map([
        [53, bytes('01')],
        [12, bytes('41')],
      ]),
    );
  });

  test('an option that comes in pieces is one option', () => {
    expect(decodeDhcp(message('2b020102 350101 2b0103 ff')).options.get(43)).toEqual(bytes('010203'));
  });

  test('file and then sname go on with the options when option 52 says so', () => {
    const sname = padded('0c0143 ff', 64);
    const file = padded('0c0142 ff', 128);

    const packet = decodeDhcp(message('0c0141 340103 ff', { sname, file }));

    expect(packet.options).toEqual(new Map([[12, bytes('414243')]]));
    expect(packet).toMatchObject({ sname: '', file: '' });
  });

  test('a file name stays a file name when only sname is overloaded', () => {
    const packet = decodeDhcp(message('340102 ff', { sname: padded('350101 ff', 64), file: padded('6162', 128) }));

    expect(packet.file).toBe('ab');
    expect(readMessageType(packet.options)).toBe('discover');
  });

  test('the packet does not change when the receive buffer is used again', () => {
    const wire = Buffer.from(message('350101 0c0141 ff'));
    const packet = decodeDhcp(wire);

    wire.fill(0xee);

    expect(readMac(packet)).toBe('dc:a6:32:12:34:56');
    expect(packet.options.get(12)).toEqual(bytes('41'));
  });
});

describe('encoding', () => {
  const packet: DhcpPacket = { ...decodeDhcp(message('ff')), options: new Map() };
  const optionsOf = (options: [number, Uint8Array][]) =>
    Buffer.from(encodeDhcp({ ...packet, options: new Map(options) })).subarray(240);

  test('the message type goes first, End last, and the rest is padding up to 300 bytes', () => {
    const area = optionsOf([
      [12, bytes('41')],
      [53, bytes('02')],
    ]);

    expect(area.toString('hex')).toBe(padded('350102 0c0141 ff', 60));
  });

  test('a value over 255 bytes is split', () => {
    const area = optionsOf([[43, new Uint8Array(300).fill(7)]]);

    expect([area[0], area[1], area[257], area[258], area[304]]).toEqual([43, 255, 43, 45, 255]);
  });

  test.each([0, 52, 255, 256, -1])('code %i is refused', (code) => {
    expect(() => optionsOf([[code, bytes('41')]])).toThrow(WireError);
  });

  test.each([
    ['sname', 'x'.repeat(65), 'DHCP server name of 65 bytes, 64 fit'],
    ['file', 'x'.repeat(129), 'DHCP file name of 129 bytes, 128 fit'],
    ['chaddr', new Uint8Array(17), 'DHCP hardware address of 17 bytes, 16 fit'],
  ])('a long %s is refused', (name, value, sentence) => {
    expect(() => encodeDhcp({ ...packet, [name]: value })).toThrow(new WireError(sentence));
  });
});

test.each([
  ['an Ethernet station', { htype: 1, chaddr: 'dca632123456' }, 'dc:a6:32:12:34:56'],
  ['another hardware type', { htype: 32, chaddr: 'dca632123456' }, undefined],
  ['a short address', { htype: 1, chaddr: 'dca6321234' }, undefined],
  ['a long address', { htype: 1, chaddr: 'dca63212345678' }, undefined],
  ['a group address', { htype: 1, chaddr: 'ffffffffffff' }, undefined],
  ['no address', { htype: 1, chaddr: '000000000000' }, undefined],
])('the MAC of %s', (_name, { htype, chaddr }, mac) => {
  expect(readMac({ ...decodeDhcp(message('ff')), htype, chaddr: bytes(chaddr) })).toBe(mac);
});

const anyAddress = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4FromNumber);
const anyText = (maxLength: number) =>
  fc
    .uint8Array({ maxLength, min: 1 })
    .map((value) => Buffer.from(value.filter((byte) => byte !== 0)).toString('latin1'));
const sizes = new Map([
  [50, 4],
  [51, 4],
  [53, 1],
  [54, 4],
]);
const anyOption = fc
  .integer({ min: 1, max: 254 })
  .filter((code) => code !== 52)
  .chain((code) => {
    const size = sizes.get(code);
    const range = size === undefined ? { maxLength: 600 } : { minLength: size, maxLength: size };
    return fc.tuple(fc.constant(code), fc.uint8Array({ ...range, size: 'max' }));
  });
const anyPacket: fc.Arbitrary<DhcpPacket> = fc.record({
  op: fc.constantFrom('request', 'reply'),
  htype: fc.nat(255),
  hops: fc.nat(255),
  xid: fc.nat(0xffffffff),
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  ciaddr: anyAddress,
  yiaddr: anyAddress,
  siaddr: anyAddress,
  giaddr: anyAddress,
  chaddr: fc.uint8Array({ maxLength: 16 }),
  sname: anyText(64),
  file: anyText(128),
  options: fc.array(anyOption, { maxLength: 12 }).map((options) => new Map(options)),
});

test('every packet survives encode and decode', () => {
  fc.assert(
    fc.property(anyPacket, (packet) => {
      const wire = encodeDhcp(packet);
      expect(wire.byteLength).toBeGreaterThanOrEqual(300);
      expect(decodeDhcp(wire)).toEqual(packet);
    }),
  );
});

/** @returns what decode made of it; anything but a packet or a WireError fails the test. */
function outcome(wire: Uint8Array): 'packet' | 'refused' {
  try {
    decodeDhcp(wire);
    return 'packet';
  } catch (error) {
    if (error instanceof WireError) return 'refused';
    throw error;
  }
}

test('any bytes behind a valid header are a packet or a WireError', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), fc.nat(255), (area, overload) => {
      const hex = Buffer.from(area).toString('hex');
      seen.add(outcome(message(hex)));
      seen.add(
        outcome(
          message(`3401${overload.toString(16).padStart(2, '0')} ff`, {
            sname: padded(hex.slice(0, 128), 64),
            file: padded(hex.slice(0, 256), 128),
          }),
        ),
      );
    }),
    { numRuns: 2000 },
  );
  expect(seen).toEqual(new Set(['packet', 'refused']));
});

test('any bytes at all, and real packets cut off or with flipped bytes, throw nothing else', () => {
  const wire = readVectors('pi4-2026-08-04').packet('discover');
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.nat(wire.byteLength),
      fc.nat(wire.byteLength - 1),
      fc.nat(255),
      (noise, cut, at, value) => {
        outcome(noise);
        outcome(wire.subarray(0, cut));
        outcome(wire.with(at, value));
      },
    ),
    { numRuns: 2000 },
  );
  expect(outcome(wire)).toBe('packet');
});

test('twenty thousand pieces of one option are one option', () => {
  const area = '0c0141'.repeat(20_000);
  expect(decodeDhcp(message(`${area}ff`)).options.get(12)?.byteLength).toBe(20_000);
});
