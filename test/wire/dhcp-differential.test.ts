/** Our codec against the npm package `dhcp`, an independent one, over what that one can say. */
import theirs, { type Packet as TheirPacket } from 'dhcp/lib/protocol.js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ipv4FromNumber, type Ipv4Address } from '../../src/model/ipv4.ts';
import { macFromBytes } from '../../src/model/mac.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { addressesValue, textValue, uint32Value } from '../../src/wire/dhcp-options.ts';
import { ethernet, readMac, type DhcpPacket } from '../../src/wire/dhcp.ts';

const anyAddress = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4FromNumber);
const anyAddresses = fc.array(anyAddress, { minLength: 1, maxLength: 5 });
const anyWord = fc.stringMatching(/^[a-z0-9.]{1,40}$/);
const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 60 });

/** Options that both know, as meant; each list of ours is encoded by `ours`. */
const anyOptions = fc.record(
  {
    1: anyAddress,
    3: anyAddresses,
    6: anyAddresses,
    12: anyWord,
    28: anyAddress,
    42: anyAddresses,
    43: anyBytes,
    50: anyAddress,
    51: fc.nat(0xffffffff),
    54: anyAddress,
    55: anyBytes,
    60: anyWord,
    66: anyWord,
  },
  { requiredKeys: [] },
);
type Options = typeof anyOptions extends fc.Arbitrary<infer T> ? T : never;

function ours(options: Options, type: number): ReadonlyMap<number, Uint8Array> {
  const values = Object.entries(options).map(([code, value]) => [Number(code), valueOf(value)] as const);
  return new Map([[53, Uint8Array.of(type)], ...values]);
}

function valueOf(value: Ipv4Address | Ipv4Address[] | string | number | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'number') return uint32Value(value);
  if (typeof value !== 'string') return addressesValue(value);
  return /^\d+\.\d+\.\d+\.\d+$/.test(value) ? addressesValue([value as Ipv4Address]) : textValue(value);
}

const anyPacket = fc.record({
  reply: fc.boolean(),
  type: fc.integer({ min: 1, max: 8 }),
  xid: fc.nat(0xffffffff),
  secs: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  hops: fc.nat(255),
  ciaddr: anyAddress,
  yiaddr: anyAddress,
  siaddr: anyAddress,
  giaddr: anyAddress,
  chaddr: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  sname: fc.stringMatching(/^[a-z0-9]{0,64}$/),
  file: fc.stringMatching(/^[a-z0-9]{0,128}$/),
  options: anyOptions.filter(
    (options) =>
      ![options[12], options[60], options[66]].some((word) => word !== undefined && /^\d+\.\d+\.\d+\.\d+$/.test(word)),
  ),
});

function inOurs({
  reply,
  type,
  options,
  ...fields
}: typeof anyPacket extends fc.Arbitrary<infer T> ? T : never): DhcpPacket {
  return { ...fields, op: reply ? 'reply' : 'request', htype: ethernet, options: ours(options, type) };
}

function inTheirs({
  reply,
  type,
  options,
  chaddr,
  ...fields
}: typeof anyPacket extends fc.Arbitrary<infer T> ? T : never): TheirPacket {
  const values = Object.entries(options).map(([code, value]) => [
    code,
    value instanceof Uint8Array ? [...value] : value,
  ]);
  return {
    ...fields,
    op: reply ? 2 : 1,
    htype: 1,
    hlen: 6,
    chaddr: macFromBytes(chaddr).replaceAll(':', '-').toUpperCase(),
    options: { ...(Object.fromEntries(values) as TheirPacket['options']), 53: type },
  };
}

test('what we encode, the other codec reads as it was meant', () => {
  fc.assert(
    fc.property(anyPacket, (packet) => {
      expect(theirs.parse(Buffer.from(encodeDhcp(inOurs(packet))))).toMatchObject(inTheirs(packet));
    }),
  );
});

test('what the other codec encodes, we read as it was meant', () => {
  fc.assert(
    fc.property(anyPacket, (packet) => {
      const { _data: data, _w: length } = theirs.format(inTheirs(packet));

      const read = decodeDhcp(data.subarray(0, length));

      const meant = inOurs(packet);
      expect({ ...read, options: sorted(read.options) }).toEqual({ ...meant, options: sorted(meant.options) });
      expect([undefined, macFromBytes(packet.chaddr)]).toContain(readMac(read));
    }),
  );
});

function sorted(options: ReadonlyMap<number, Uint8Array>) {
  return [...options].toSorted(([one], [other]) => one - other);
}
