/** The virtual boards' DHCP packets are byte for byte what the real loaders sent, and they take the OFFERs that those took. */
import { describe, expect, test } from 'vitest';

import type { Ipv4Address } from '../../src/model/ipv4.ts';
import type { MacAddress } from '../../src/model/mac.ts';
import type { Serial } from '../../src/model/serial.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { piVendorOptions, readPiIdentity } from '../../src/wire/pi-dhcp.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { decideOffer, discoverPacket, requestPacket } from '../../src/rack/firmware-dhcp.ts';
import { loadersOf } from '../../src/rack/loaders.ts';
import { readVectors } from '../support/vectors.ts';

const pi4: BoardIdentity = {
  board: 'pi4',
  mac: 'dc:a6:32:12:34:56' as MacAddress,
  serial: '1aa2bb31' as Serial,
  revision: 0xd03115,
  eeprom: '2026-08-04',
};

const offer = {
  address: '10.77.0.56' as Ipv4Address,
  serverId: '10.77.0.1' as Ipv4Address,
  tftpServer: '10.77.0.1' as Ipv4Address,
  prefixLength: 24,
  gateway: undefined,
};

/** What follows the fixed header, from captures of unmodified EEPROMs of a Pi 4B d03115. */
const captures = [
  {
    date: '2019-12-03',
    xid: 0x2a963e52,
    discover:
      '63825363350101370e01032b3c424380818283848586875d0200005e0301020161110031bba21a31bba21a31bba21a31bba21a3c20505845436c69656e743a417263683a30303030303a554e44493a303032303031ff',
    request: '6382536335010332040a4d003836040a4d0001ff',
  },
  {
    date: '2020-04-16',
    xid: 0x2a916fb3,
    discover:
      '63825363350101370e01032b3c424380818283848586873c20505845436c69656e743a417263683a30303030303a554e44493a3030323030315d0200005e03010201611100525069341531d0003212345631bba21aff',
    request:
      '6382536335010332040a4d003836040a4d00013c20505845436c69656e743a417263683a30303030303a554e44493a303032303031611100525069341531d0003212345631bba21aff',
  },
  ...['2022-10-18', '2026-08-04'].map((date) => ({
    date,
    xid: 0x2a8e179d,
    discover:
      '63825363350101370e01032b3c424380818283848586873c20505845436c69656e743a417263683a30303030303a554e44493a3030323030315d0200005e03010201611100346950521531d0003212345631bba21aff',
    request:
      '6382536335010332040a4d003836040a4d00013c20505845436c69656e743a417263683a30303030303a554e44493a303032303031611100346950521531d0003212345631bba21aff',
  })),
];

describe.each(captures)('the Pi 4 loader of $date', ({ date, xid, discover, request }) => {
  const who = { ...pi4, eeprom: date };

  test('sends the captured DISCOVER', () => {
    const bytes = Buffer.from(discoverPacket(who, xid));
    expect(bytes.subarray(236).toString('hex')).toBe(discover);
    expect(bytes.subarray(0, 44).toString('hex')).toBe(
      `01010600${xid.toString(16)}0000000000000000000000000000000000000000dca63212345600000000000000000000`,
    );
    expect(bytes.byteLength).toBe(322);
  });

  test('sends the captured REQUEST, with the server also in siaddr', () => {
    const bytes = Buffer.from(requestPacket(who, xid, offer) ?? []);
    expect(bytes.subarray(236).toString('hex')).toBe(request);
    expect(bytes.subarray(0, 44).toString('hex')).toBe(
      `01010600${xid.toString(16)}0000000000000000000000000a4d000100000000dca63212345600000000000000000000`,
    );
  });

  test('is recognised as firmware with its serial', () => {
    const identity = readPiIdentity(decodeDhcp(discoverPacket(who, xid)));
    expect(identity).toMatchObject({ isPi: true, serial: '1aa2bb31', bootStage: 'firmware' });
  });
});

describe('a Pi 3', () => {
  const pi3 = (mac: string, serial: string): BoardIdentity => {
    return { board: 'pi3', mac: mac as MacAddress, serial: serial as Serial, revision: 0xa02082, eeprom: '' };
  };

  test.each([
    ['ROM', 0, 'pi3-rom', pi3('b8:27:eb:28:f6:6d', '0028f66d'), 320],
    ['bootcode.bin', 1, 'pi3-bootcode', pi3('b8:27:eb:64:24:7d', '5564247d'), 322],
  ])('sends the DISCOVER of its %s, and no REQUEST', (_name, stage, vectors, who, sizeBytes) => {
    const captured = Buffer.from(readVectors(vectors).packet('discover'));
    const { xid = 0 } = loadersOf(who).dhcp;
    const sent = Buffer.from(discoverPacket(who, xid, stage));
    // Option 55 of the two differs in its order between traces: as a set it is the same.
    const normal = (bytes: Buffer) => [...bytes].toSorted((a, b) => a - b).join();
    expect(sent.byteLength).toBe(sizeBytes);
    expect(sent.subarray(0, 240).toString('hex')).toBe(captured.subarray(0, 240).toString('hex'));
    if (stage === 0) expect(sent.toString('hex')).toBe(captured.toString('hex'));
    expect(normal(sent)).toBe(normal(captured));
    expect(requestPacket(who, xid, offer)).toBeUndefined();
  });
});

test('a Pi 5 is recognised by its own magic', () => {
  const pi5: BoardIdentity = { ...pi4, board: 'pi5', revision: 0xd04170 };
  expect(readPiIdentity(decodeDhcp(discoverPacket(pi5, 1)))).toMatchObject({ board: 'pi5', revision: 0xd04170 });
});

describe('an OFFER', () => {
  const text = (value: string) => Uint8Array.from(Buffer.from(value));
  const good: DhcpPacket = {
    op: 'reply',
    htype: 1,
    hops: 0,
    xid: 7,
    secs: 0,
    flags: 0,
    ciaddr: '0.0.0.0' as Ipv4Address,
    yiaddr: '10.42.0.11' as Ipv4Address,
    siaddr: '10.42.0.1' as Ipv4Address,
    giaddr: '0.0.0.0' as Ipv4Address,
    chaddr: Uint8Array.of(0xdc, 0xa6, 0x32, 0x12, 0x34, 0x56),
    sname: '',
    file: '',
    options: new Map([
      [1, Uint8Array.of(255, 255, 255, 128)],
      [43, piVendorOptions()],
      [53, Uint8Array.of(2)],
      [54, Uint8Array.of(10, 42, 0, 1)],
    ]),
  };
  const withOption = (tag: number, value: Uint8Array | undefined): DhcpPacket => {
    const options = new Map(good.options);
    if (value === undefined) options.delete(tag);
    else options.set(tag, value);
    return { ...good, options };
  };
  const trailingBlanks = Uint8Array.of(9, 23, 0, 0, 20, ...text('Raspberry Pi Boot   '), 255);

  test.each([
    ['with the PXE menu is taken', good, '10.42.0.1'],
    ['with blanks behind the menu text is taken', withOption(43, trailingBlanks), '10.42.0.1'],
    ['without option 54 but with siaddr is not taken', withOption(54, undefined), undefined],
    ['with plain text in option 43 is not taken', withOption(43, text('Raspberry Pi Boot')), undefined],
    ['without option 43 is not taken', withOption(43, undefined), undefined],
    ['with a quad in 66 goes to that server', withOption(66, text('10.42.0.9')), '10.42.0.9'],
    ['with a name in 66 falls back to siaddr', withOption(66, text('server')), '10.42.0.1'],
    ['without siaddr falls back to option 54', { ...good, siaddr: '0.0.0.0' as Ipv4Address }, '10.42.0.1'],
    ['of another transaction is not taken', { ...good, xid: 8 }, undefined],
    ['for another board is not taken', { ...good, chaddr: Uint8Array.of(1, 2, 3, 4, 5, 6) }, undefined],
    ['that is an ACK is not taken', withOption(53, Uint8Array.of(5)), undefined],
  ])('%s', (_name, reply, tftpServer) => {
    const decision = decideOffer(reply, pi4, 7);
    expect(decision.kind === 'take' ? decision.offer.tftpServer : undefined).toBe(tftpServer);
  });

  test('gives address, mask and server', () => {
    expect(decideOffer(good, pi4, 7)).toEqual({
      kind: 'take',
      offer: {
        address: '10.42.0.11',
        serverId: '10.42.0.1',
        tftpServer: '10.42.0.1',
        prefixLength: 25,
        gateway: undefined,
      },
    });
  });
});
