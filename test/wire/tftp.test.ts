/** TFTP's codec: vectors both ways, every refusal, and whatever bytes chance sends. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { decodeTftp, encodeTftp, isTftpRequest, type TftpPacket } from '../../src/wire/tftp.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Both directions: `hex` is what goes over the wire, `packet` is what we make of it. */
const vectors: readonly { name: string; hex: string; packet: TftpPacket }[] = [
  {
    name: 'read request with two options (constructed)',
    hex: '0001 636f6e6669672e74787400 6f6374657400 7473697a6500 3000 626c6b73697a6500 3130323400',
    packet: {
      kind: 'read',
      path: 'config.txt',
      mode: 'octet',
      options: new Map([
        ['tsize', '0'],
        ['blksize', '1024'],
      ]),
    },
  },
  {
    name: 'write request (constructed)',
    hex: '0002 6100 6f6374657400',
    packet: { kind: 'write', path: 'a', mode: 'octet', options: new Map() },
  },
  { name: 'data', hex: '0003 ffff 616263', packet: { kind: 'data', block: 65_535, bytes: bytes('616263') } },
  { name: 'empty last data', hex: '0003 0001', packet: { kind: 'data', block: 1, bytes: bytes('') } },
  { name: 'acknowledgement', hex: '0004 0102', packet: { kind: 'ack', block: 258 } },
  {
    name: 'error, as Pi firmware ends a probe',
    hex: '0005 0000 4561726c79207465726d696e61746500',
    packet: { kind: 'error', code: 0, message: 'Early terminate' },
  },
  {
    name: 'option acknowledgement (constructed)',
    hex: '0006 7473697a6500 3132333400',
    packet: { kind: 'option-ack', options: new Map([['tsize', '1234']]) },
  },
];

describe.each(vectors)('$name', ({ hex, packet }) => {
  test('decodes', () => expect(decodeTftp(bytes(hex))).toEqual(packet));
  test('encodes', () => expect(Buffer.from(encodeTftp(packet))).toEqual(bytes(hex)));
});

describe('tolerated', () => {
  test.each([
    ['upper case in mode and option names', '0001 6100 4f4354455400 54534956455a00 3000', 'tsivez'],
    ['an option that is said twice: the first counts', '0001 6100 6f6374657400 6200 3100 4200 3200', 'b'],
  ])('%s', (_name, hex, option) => {
    const packet = decodeTftp(bytes(hex));
    expect(packet).toMatchObject({ kind: 'read', mode: 'octet' });
    expect(packet.kind === 'read' && [...packet.options.keys()]).toEqual([option]);
  });

  test.each([
    ['an error without text', '0005 0003', ''],
    ['an error whose text has no NUL', '0005 0003 6869', 'hi'],
    ['control characters in an error', '0005 0003 680a1b69 00', 'h??i'],
  ])('%s', (_name, hex, message) => {
    expect(decodeTftp(bytes(hex))).toEqual({ kind: 'error', code: 3, message });
  });

  test('bytes behind an acknowledgement', () => {
    expect(decodeTftp(bytes('0004 0001 0000'))).toEqual({ kind: 'ack', block: 1 });
  });
});

describe('refused', () => {
  const named = (length: number): string => `0001 ${'61'.repeat(length)}00 6f6374657400`;

  test.each([
    ['nothing', '', /0 bytes/],
    ['half a header', '0004', /2 bytes/],
    ['an unknown opcode', '0009 0000', /opcode 9/],
    ['a request without its last NUL', '0001 6100 6f63746574', /NUL/],
    ['a request without mode', '0001 616200', /without a mode/],
    ['a request without name', '0001 00 6f6374657400', /without a file name/],
    ['an option without value', '0001 6100 6f6374657400 6200', /"b" has no value/],
    ['an option acknowledgement of one string', '0006 616200', /"ab" has no value/],
    ['a name of 256 bytes', named(256), /file name of 256 bytes; the longest that is served has 255/],
    ['a name of 2000 bytes', named(2000), /file name of 2000 bytes/],
    ['options without end', `0001 6100 6f6374657400 ${'6100'.repeat(600)}`, /request of 1210 bytes/],
  ])('%s', (_name, hex, sentence) => {
    expect(() => decodeTftp(bytes(hex))).toThrow(WireError);
    expect(() => decodeTftp(bytes(hex))).toThrow(sentence);
  });

  test('a name of 255 bytes is the longest that is read', () => {
    expect(decodeTftp(bytes(named(255)))).toMatchObject({ path: 'a'.repeat(255) });
  });

  test.each(['a\0b', 'ā'])('the name %j, which the wire cannot carry', (path) => {
    expect(() => encodeTftp({ kind: 'read', path, mode: 'octet', options: new Map() })).toThrow(WireError);
  });

  test('an error text is cut and made printable, never refused', () => {
    const sent = encodeTftp({ kind: 'error', code: 1, message: `Ā\n${'x'.repeat(1000)}` });

    expect(sent.byteLength).toBe(4 + 400 + 1);
    expect(decodeTftp(sent)).toMatchObject({ message: `??${'x'.repeat(398)}` });
  });
});

test.each([
  ['0001', true],
  ['0002 00', true],
  ['0003 0001', false],
  ['01', false],
  ['', false],
])('the sender of %j waits for an answer: %s', (hex, expected) => {
  expect(isTftpRequest(bytes(hex))).toBe(expected);
});

const block = fc.integer({ min: 0, max: 0xffff });
const wireText = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)) });
const printable = fc.string({ unit: 'grapheme-ascii', maxLength: 400 });
const options = fc
  .array(fc.tuple(wireText, wireText), { maxLength: 5 })
  .map((pairs) => new Map(pairs.map(([name, value]) => [name.slice(0, 20).toLowerCase(), value.slice(0, 20)])));
const request = fc.record({
  kind: fc.constantFrom('read' as const, 'write' as const),
  path: wireText.filter((path) => path !== '').map((path) => path.slice(0, 255)),
  mode: fc.constantFrom('octet', 'netascii', 'mail'),
  options,
});
const packets: fc.Arbitrary<TftpPacket> = fc.oneof(
  request,
  fc.record({
    kind: fc.constant('data' as const),
    block,
    bytes: fc.uint8Array({ maxLength: 1468 }).map((value) => Buffer.from(value)),
  }),
  fc.record({ kind: fc.constant('ack' as const), block }),
  fc.record({ kind: fc.constant('error' as const), code: block, message: printable }),
  fc.record({
    kind: fc.constant('option-ack' as const),
    options: options.filter((map) => map.size > 0),
  }),
);

test('what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(packets, (packet) => {
      expect(decodeTftp(encodeTftp(packet))).toEqual(packet);
    }),
  );
});

/** Random bytes seldom look like TFTP; with a real opcode in front, and cut-off real packets, they do. */
const almost = fc.oneof(
  fc.uint8Array({ maxLength: 2048 }),
  fc
    .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 600 }))
    .map(([op, rest]) => Uint8Array.from([0, op, ...rest])),
  fc.tuple(packets, fc.nat(600)).map(([packet, end]) => encodeTftp(packet).subarray(0, end)),
);

test('any datagram is a packet or a WireError', () => {
  fc.assert(
    fc.property(almost, (datagram) => {
      try {
        expect(decodeTftp(datagram).kind).toMatch(/^[a-z-]+$/);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 3000 },
  );
});
