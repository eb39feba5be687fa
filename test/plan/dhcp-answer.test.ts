/** What stands in an answer: options, fixed fields, and that every answer can be sent. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { ask, firmwareClass } from '../support/dhcp-client.ts';
import { decide, network, node02, site, stranger, visitor, words } from '../support/dhcp-site.ts';
import { bytes, readVectors } from '../support/vectors.ts';

/** Options of the answer as `code: hex`. */
function optionsOf(packet: DhcpPacket, at: DhcpSite = site): Record<number, string> {
  const decision = decide(packet, at);
  if (decision.kind !== 'answer') throw new Error(words(decision));
  return Object.fromEntries(
    [...decision.reply.options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]),
  );
}

const addressing = { 1: 'ffffff00', 28: '0a2a00ff', 42: '0a2a0001', 54: '0a2a0001' };
const piOptions = {
  43: '060103 0a0400505845 0914000011 5261737062657272792050692042 6f6f74 ff'.replaceAll(' ', ''),
  60: Buffer.from('PXEClient').toString('hex'),
  66: Buffer.from('10.42.0.1').toString('hex'),
};
const machineId = '0034695052 1531d000 32123456 31bba21a'.replaceAll(' ', '');

describe('options', () => {
  test('of an OFFER to the firmware of a node', () => {
    expect(optionsOf(decodeDhcp(readVectors('pi4-2026-08-04').packet('discover')))).toEqual({
      ...addressing,
      ...piOptions,
      12: Buffer.from('node01').toString('hex'),
      51: 'ffffffff',
      53: '02',
      97: machineId,
    });
  });

  test('of an ACK to an operating system of a node', () => {
    expect(optionsOf(ask('request', { mac: node02, ciaddr: '10.42.0.12' }))).toEqual({
      ...addressing,
      12: Buffer.from('node02').toString('hex'),
      51: 'ffffffff',
      53: '05',
    });
  });

  test('of an OFFER to a board that is no node: a short lease and no name', () => {
    expect(optionsOf(ask('discover', { mac: stranger }))).toEqual({ ...addressing, 51: '00000258', 53: '02' });
    expect(optionsOf(ask('discover', { mac: stranger }), { ...site, network: network({ lease: '60s' }) })[51]).toBe(
      '0000003c',
    );
  });

  test('of an answer to INFORM: no lease', () => {
    expect(optionsOf(ask('inform', { mac: node02, ciaddr: '10.42.0.12' }))).toEqual({
      ...addressing,
      12: Buffer.from('node02').toString('hex'),
      53: '05',
    });
  });

  test('of a NAK: who says so, and why', () => {
    expect(optionsOf(ask('request', { mac: node02, requested: '10.42.0.99', options: [[61, bytes('01aa')]] }))).toEqual(
      {
        53: '06',
        54: '0a2a0001',
        56: Buffer.from('your address here is 10.42.0.12').toString('hex'),
        61: '01aa',
      },
    );
  });

  test('gateway, name servers and clock are given when the site has them', () => {
    const at: DhcpSite = {
      ...site,
      network: network({ gateway: '10.42.0.254', dns: ['10.42.0.3', '10.42.0.4'], ntp: '10.42.0.5' }),
    };

    expect(optionsOf(ask('discover', { mac: node02 }), at)).toMatchObject({
      3: '0a2a00fe',
      6: '0a2a00030a2a0004',
      42: '0a2a0005',
    });
  });

  test('a machine that boots by UEFI gets no Pi menu', () => {
    const codes = Object.keys(
      optionsOf(ask('discover', { mac: node02, vendorClass: 'PXEClient:Arch:00011:UNDI:003000' })),
    );

    expect(codes).not.toContain('43');
  });
});

test('fixed fields of an OFFER follow RFC 2131 table 3', () => {
  const packet: DhcpPacket = { ...ask('discover', { mac: node02 }), flags: 0x8000, siaddr: parseIpv4('10.42.0.99') };

  expect(decide(packet, site)).toMatchObject({
    reply: {
      op: 'reply',
      htype: 1,
      hops: 0,
      xid: packet.xid,
      secs: 0,
      flags: 0x8000,
      ciaddr: '0.0.0.0',
      yiaddr: '10.42.0.12',
      siaddr: '10.42.0.1',
      giaddr: '0.0.0.0',
      chaddr: packet.chaddr,
      sname: '',
      file: '',
    },
  });
});

test('a NAK names no boot server and goes to all', () => {
  expect(decide(ask('request', { mac: node02, ciaddr: '10.42.0.99' }), site)).toMatchObject({
    reply: { siaddr: '0.0.0.0', yiaddr: '0.0.0.0', ciaddr: '0.0.0.0' },
    to: { address: '255.255.255.255', port: 68 },
  });
});

test('whatever a client asks, the answer can be encoded, fits 576 bytes and gives no address of another', () => {
  const anyAddress = fc.constantFrom(
    '10.42.0.1',
    '10.42.0.11',
    '10.42.0.12',
    '10.42.0.200',
    '10.42.0.210',
    '192.168.7.7',
    '0.0.0.0',
  );
  const anyAsk = fc.record(
    {
      mac: fc.constantFrom(node02, stranger, visitor),
      ciaddr: anyAddress,
      requested: anyAddress,
      server: anyAddress,
      vendorClass: fc.constantFrom(firmwareClass, 'udhcp'),
    },
    { requiredKeys: ['mac'] },
  );
  const owners: Record<string, string[]> = {
    [node02]: ['10.42.0.12'],
    [stranger]: ['10.42.0.200'],
    [visitor]: ['10.42.0.210'],
  };
  fc.assert(
    fc.property(fc.constantFrom('discover', 'request', 'inform'), anyAsk, (type, of) => {
      const decision = decide(ask(type, of), site);
      if (decision.kind !== 'answer') return;
      const wire = encodeDhcp(decision.reply, decision.limits);
      expect(decodeDhcp(wire)).toEqual(decision.reply);
      expect(wire.byteLength + 28).toBeLessThanOrEqual(576);
      expect([...(owners[of.mac] ?? []), '0.0.0.0']).toContain(decision.reply.yiaddr);
      expect([...(owners[of.mac] ?? []), '255.255.255.255']).toContain(decision.to.address);
    }),
  );
});
