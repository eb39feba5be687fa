/** Identifiers are read from what people paste, into one spelling, or refused with a hint. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseDurationMs, renderDuration } from '../../src/model/duration.ts';
import { ConfigError } from '../../src/model/errors.ts';
import {
  broadcastAddress,
  ipv4FromBytes,
  ipv4FromNumber,
  ipv4ToBytes,
  ipv4ToNumber,
  isHostInSubnet,
  isInRange,
  netmask,
  networkAddress,
  parseIpv4,
  parseIpv4Interface,
  parseIpv4Range,
  renderInterface,
  renderRange,
} from '../../src/model/ipv4.ts';
import { macFromBytes, macToBytes, macWithDashes, parseMac } from '../../src/model/mac.ts';
import { parseSerial } from '../../src/model/serial.ts';

describe('MAC addresses', () => {
  test.each(['dc:a6:32:01:02:03', 'DC:A6:32:01:02:03', 'dc-a6-32-01-02-03', ' dc:a6:32:01:02:03\n'])(
    '%j is one',
    (text) => {
      expect(parseMac(text)).toBe('dc:a6:32:01:02:03');
    },
  );

  test.each(['', 'dc:a6:32:01:02', 'dc:a6:32:01:02:03:04', 'dca632010203', 'dc:a6:32:01:02:0g', 'd:a6:32:01:02:03'])(
    '%j is none',
    (text) => expect(() => parseMac(text)).toThrow(ConfigError),
  );

  test('go to bytes and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const mac = macFromBytes(bytes);
        expect([...macToBytes(mac)]).toEqual([...bytes]);
        expect(parseMac(macWithDashes(mac).toUpperCase())).toBe(mac);
      }),
    );
  });
});

describe('serials', () => {
  test.each([
    ['9ffefdef', '9ffefdef'],
    ['9FFEFDEF', '9ffefdef'],
    ['100000009ffefdef', '9ffefdef'],
    ['0x9ffefdef', '9ffefdef'],
    [' 9ffefdef ', '9ffefdef'],
  ])('%j is %s', (text, serial) => expect(parseSerial(text)).toBe(serial));

  test.each(['', '9ffefde', '9ffefdef0', '9ffefdeg', '100000009ffefdef0'])('%j is none', (text) => {
    expect(() => parseSerial(text)).toThrow(ConfigError);
  });
});

describe('IPv4', () => {
  test.each(['', '10.42.0', '10.42.0.256', '10.42.0.01', '10.42.0.1 ', '::1', 'localhost'])(
    '%j is no address',
    (text) => {
      expect(() => parseIpv4(text)).toThrow(ConfigError);
    },
  );

  test.each([
    '10.42.0.1',
    '10.42.0.1/',
    '10.42.0.1/7',
    '10.42.0.1/31',
    '10.42.0.1/24/1',
    '/24',
    '10.42.0.1/x',
    '10.42.0.1/1e1',
  ])('%j is no address on a network', (text) => expect(() => parseIpv4Interface(text)).toThrow(ConfigError));

  test.each(['10.42.0.1', '10.42.0.9-10.42.0.1', '10.42.0.1-', '10.42.0.1-10.42.0.2-10.42.0.3', '10.42.0.1-20'])(
    '%j is no range',
    (text) => expect(() => parseIpv4Range(text)).toThrow(ConfigError),
  );

  test('a range may have spaces around its dash', () => {
    expect(renderRange(parseIpv4Range('10.42.0.1 - 10.42.0.9'))).toBe('10.42.0.1-10.42.0.9');
  });

  test.each([
    ['10.42.0.1/24', '255.255.255.0', '10.42.0.0', '10.42.0.255'],
    ['10.42.7.9/22', '255.255.252.0', '10.42.4.0', '10.42.7.255'],
    ['192.168.1.130/25', '255.255.255.128', '192.168.1.128', '192.168.1.255'],
    ['10.1.2.3/8', '255.0.0.0', '10.0.0.0', '10.255.255.255'],
    ['10.42.0.2/30', '255.255.255.252', '10.42.0.0', '10.42.0.3'],
  ])('%s has the mask %s', (text, mask, network, broadcast) => {
    const subnet = parseIpv4Interface(text);

    expect(netmask(subnet.prefixLength)).toBe(mask);
    expect(networkAddress(subnet)).toBe(network);
    expect(broadcastAddress(subnet)).toBe(broadcast);
    expect(renderInterface(subnet)).toBe(text);
  });

  test('network and broadcast addresses are no hosts', () => {
    const subnet = parseIpv4Interface('10.42.0.1/24');
    const isHost = (text: string) => isHostInSubnet(parseIpv4(text), subnet);

    expect(['10.42.0.0', '10.42.0.255', '10.41.255.255', '10.42.1.1'].filter(isHost)).toEqual([]);
    expect(['10.42.0.1', '10.42.0.254'].filter(isHost)).toHaveLength(2);
  });

  test('a range holds its ends', () => {
    const range = parseIpv4Range('10.42.0.9-10.42.0.11');

    expect(['10.42.0.8', '10.42.0.12'].filter((text) => isInRange(parseIpv4(text), range))).toEqual([]);
    expect(['10.42.0.9', '10.42.0.11'].filter((text) => isInRange(parseIpv4(text), range))).toHaveLength(2);
  });

  test('addresses go to bytes and numbers and back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const address = parseIpv4(text);
        expect(ipv4FromBytes(ipv4ToBytes(address))).toBe(address);
        expect(ipv4FromNumber(ipv4ToNumber(address))).toBe(address);
      }),
    );
  });
});

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    [' 1m ', 60_000],
  ])('%j is %i ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each(['', '5', 'm', '-5m', '1.5m', '5 minutes', '5d', '1e3s', '9999999s'])('%j is none', (text) => {
    expect(() => parseDurationMs(text)).toThrow(ConfigError);
  });

  test('are written as they are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), (seconds) => {
        expect(parseDurationMs(renderDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
    expect([90_000, 300_000, 7_200_000].map(renderDuration)).toEqual(['90s', '5m', '2h']);
  });
});
