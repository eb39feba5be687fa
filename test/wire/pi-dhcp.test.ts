/** Who is this Pi: option 97 in all its forms, from real boards where there are captures. */
import { describe, expect, test } from 'vitest';

import { parseMac, macToBytes } from '../../src/model/mac.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { boardOfRevision, memoryOfRevision, piVendorOptions, readPiIdentity } from '../../src/wire/pi-dhcp.ts';
import { bytes, readVectors } from '../support/vectors.ts';

const pi4 = { isPi: true, serial: '1aa2bb31', bootStage: 'firmware' };
const pi4New = { ...pi4, revision: 0xd03115, board: 'pi4' };

test.each([
  ['pi4-2019-12-03', 'discover', pi4],
  ['pi4-2019-12-03', 'request', { isPi: false, bootStage: 'other' }],
  ['pi4-2020-04-16', 'discover', pi4New],
  ['pi4-2020-04-16', 'request', pi4New],
  ['pi4-2022-10-18', 'discover', pi4New],
  ['pi4-2022-10-18', 'request', pi4New],
  ['pi4-2026-08-04', 'discover', pi4New],
  ['pi4-2026-08-04', 'request', pi4New],
  ['pi3-rom', 'discover', { isPi: true, board: 'pi3', bootStage: 'firmware' }],
  ['pi3-bootcode', 'discover', { isPi: true, serial: '5564247d', board: 'pi3', bootStage: 'firmware' }],
  [
    'pi5-2026-08-12',
    'discover',
    { isPi: true, serial: '2659d400', revision: 0xd04170, board: 'pi5', bootStage: 'firmware' },
  ],
])('%s %s', (board, name, identity) => {
  const read = readPiIdentity(decodeDhcp(readVectors(board).packet(name)));

  expect(read).toEqual({ ...identity, wantsPiMenu: identity.bootStage === 'firmware' });
});

const discover = decodeDhcp(readVectors('pi4-2026-08-04').packet('discover'));

function withMachineId(hex: string, mac = 'dc:a6:32:12:34:56'): DhcpPacket {
  return {
    ...discover,
    chaddr: macToBytes(parseMac(mac)),
    options: new Map(discover.options).set(97, bytes(hex)),
  };
}

describe('option 97, constructed', () => {
  test.each([
    [
      'RPi5, old byte order',
      '00 52506935 7041d000 32123456 31bba21a',
      { isPi: true, serial: '1aa2bb31', revision: 0xd04170, board: 'pi5' },
    ],
    [
      'RPi4 on a Pi 5 before 2023-10-30',
      '00 34695052 7041d000 32123456 31bba21a',
      { isPi: true, serial: '1aa2bb31', revision: 0xd04170, board: 'pi5' },
    ],
    [
      'RPi4 with the MAC part zero (2020-03-04)',
      '00 52506934 1531d000 00000000 31bba21a',
      { isPi: true, serial: '1aa2bb31', revision: 0xd03115, board: 'pi4' },
    ],
    [
      "an owner's magic with our MAC's tail",
      '00 41424344 1531d000 32123456 31bba21a',
      { isPi: true, serial: '1aa2bb31', revision: 0xd03115, board: 'pi4' },
    ],
    [
      'RPi5 with a revision of no known board',
      '00 35695052 00000000 32123456 31bba21a',
      { isPi: true, serial: '1aa2bb31', revision: 0, board: 'pi5' },
    ],
    [
      'RPi4 with a revision of no known board',
      '00 34695052 00000000 32123456 31bba21a',
      { isPi: true, serial: '1aa2bb31', revision: 0 },
    ],
    ['a serial of zero', '00 34695052 1531d000 32123456 00000000', { isPi: true, revision: 0xd03115, board: 'pi4' }],
    [
      'serial x4 of a board whose MAC is its own',
      '00 31bba21a 31bba21a 31bba21a 31bba21a',
      { isPi: true, serial: '1aa2bb31' },
    ],
    ['zero x16', `00 ${'00'.repeat(16)}`, { isPi: false }],
    ['the UUID of a PC', '00 a1b2c3d4 e5f60718 293a4b5c 6d7e8f90', { isPi: false }],
    ['another type', '01 31bba21a 31bba21a 31bba21a 31bba21a', { isPi: false }],
    ['one byte too few', '00 31bba21a 31bba21a 31bba21a 31bba2', { isPi: false }],
    ['nothing', '', { isPi: false }],
  ])('%s', (_name, hex, expected) => {
    expect(readPiIdentity(withMachineId(hex))).toEqual({ ...expected, bootStage: 'firmware', wantsPiMenu: true });
  });

  test('a chosen magic of a board without an Ethernet address is no Pi', () => {
    const packet = { ...withMachineId('00 41424344 1531d000 32123456 31bba21a'), htype: 6 };
    expect(readPiIdentity(packet).isPi).toBe(false);
  });
});

test.each([
  [0xa02082, 'pi3'],
  [0xa020d4, 'pi3'],
  [0xd03115, 'pi4'],
  [0xc03141, 'pi4'],
  [0xe04171, 'pi5'],
  [0xe041a0, 'pi5'],
  [0x900092, undefined],
  [0x000010, undefined],
])('revision %i is a %s', (revision, board) => {
  expect(boardOfRevision(revision)).toBe(board);
});

test.each([
  ['PXEClient:Arch:00000:UNDI:002001', 'firmware', true],
  ['PXEClient:Arch:00011:UNDI:003000', 'firmware', false],
  ['udhcp 1.35.0', 'other', false],
  ['', 'other', false],
])('vendor class "%s" is %s, Pi vendor options: %s', (vendorClass, bootStage, wants) => {
  const packet = { ...discover, options: new Map(discover.options).set(60, Buffer.from(vendorClass)) };

  expect(readPiIdentity(packet).bootStage).toBe(bootStage);
  expect(readPiIdentity(packet).wantsPiMenu).toBe(wants);
});

test('without option 60 it is no firmware', () => {
  expect(readPiIdentity({ ...discover, options: new Map() }).wantsPiMenu).toBe(false);
});

test('option 43 is what a Pi 3 boot ROM was seen to accept', () => {
  const offer = decodeDhcp(readVectors('pi3-rom').packet('offer'));

  expect(piVendorOptions()).toEqual(offer.options.get(43));
});

test.each([
  [0xa02082, 1024],
  [0xd03115, 8192],
  [0xd04170, 8192],
  [0xb03111, 2048],
  [0x902120, 512],
  [0x000e, undefined],
])('a board with the revision code 0x%s has %s MiB', (revision, memoryMib) => {
  expect(memoryOfRevision(revision)).toBe(memoryMib);
});
