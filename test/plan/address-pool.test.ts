/** Addresses for boards that are no nodes: stable, free, and a clear word when there are none. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Cluster } from '../../src/model/cluster.ts';
import { ipv4FromNumber, isInRange, parseIpv4, type Ipv4Address } from '../../src/model/ipv4.ts';
import { parseMac, type MacAddress } from '../../src/model/mac.ts';
import { poolAddress, type PoolSite } from '../../src/plan/address-pool.ts';
import { sampleClusterInput, sampleCluster, sampleNodes } from '../support/sample-view.ts';

const board = (mac: string, address: string) => ({
  mac: parseMac(mac),
  address: parseIpv4(address),
  firstSeenMs: 0,
  lastSeenMs: 0,
});

const me = parseMac('02:00:00:00:00:01');

const site = (pool: string, more: Partial<PoolSite> = {}, network: object = {}): PoolSite => ({
  network: Cluster.parse({ ...sampleClusterInput, network: { ...sampleClusterInput.network, ...network, pool } })
    .network,
  nodes: [],
  unknownBoards: [],
  ...more,
});

const words = (found: ReturnType<typeof poolAddress>) =>
  found.kind === 'full' ? found.reason : `${found.address}${found.isRecorded ? ' again' : ''}`;

describe('a board gets', () => {
  test.each<[string, PoolSite, string]>([
    ['the lowest address', site('10.42.0.200-10.42.0.203'), '10.42.0.200'],
    [
      'the lowest that no other board has',
      site('10.42.0.200-10.42.0.203', { unknownBoards: [board('02:00:00:00:00:02', '10.42.0.200')] }),
      '10.42.0.201',
    ],
    [
      'the one that it had',
      site('10.42.0.200-10.42.0.203', { unknownBoards: [board('02:00:00:00:00:01', '10.42.0.203')] }),
      '10.42.0.203 again',
    ],
    [
      'another one when its own is no longer in the pool',
      site('10.42.0.200-10.42.0.203', { unknownBoards: [board('02:00:00:00:00:01', '10.42.0.150')] }),
      '10.42.0.200',
    ],
    [
      'another one when a node has got its own',
      site('10.42.0.9-10.42.0.12', {
        nodes: sampleNodes().filter((node) => node.name === 'head'),
        unknownBoards: [board('02:00:00:00:00:01', '10.42.0.10')],
      }),
      '10.42.0.9',
    ],
    [
      'another one when it met somebody at its own',
      site('10.42.0.200-10.42.0.203', {
        unknownBoards: [board('02:00:00:00:00:01', '10.42.0.200')],
        declined: [parseIpv4('10.42.0.200')],
      }),
      '10.42.0.201',
    ],
    [
      'none of the storage node, gateway, name and time servers',
      site('10.42.0.0-10.42.0.9', {}, { gateway: '10.42.0.2', dns: ['10.42.0.3'], ntp: '10.42.0.4' }),
      '10.42.0.5',
    ],
    [
      'no network or broadcast address',
      site('10.42.0.255-10.42.1.3'),
      'all 5 addresses of the pool 10.42.0.255-10.42.1.3 are taken; make nodes of the unknown boards, or widen network.pool in cluster.yaml',
    ],
  ])('%s', (_name, at, expected) => {
    expect(words(poolAddress(me, at))).toBe(expected);
  });
});

test('a full pool says how many there are and what to do', () => {
  const full = site('10.42.0.200-10.42.0.201', {
    unknownBoards: [board('02:00:00:00:00:02', '10.42.0.200'), board('02:00:00:00:00:03', '10.42.0.201')],
  });

  expect(words(poolAddress(me, full))).toBe(
    'all 2 addresses of the pool 10.42.0.200-10.42.0.201 are taken; make nodes of the unknown boards, or widen network.pool in cluster.yaml',
  );
});

test('boards that come in any order, again and again, never share an address with a board or a node', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 80 }), (visits) => {
      const unknownBoards: ReturnType<typeof board>[] = [];
      const given = new Map<MacAddress, Ipv4Address>();
      for (const visit of visits) {
        const mac = parseMac(`02:00:00:00:01:${visit.toString(16).padStart(2, '0')}`);
        const at = site('10.42.0.5-10.42.0.24', { nodes: sampleNodes(), unknownBoards });
        const found = poolAddress(mac, at);
        if (found.kind === 'full') continue;
        expect(found.address).toBe(given.get(mac) ?? found.address);
        expect(isInRange(found.address, at.network.pool)).toBe(true);
        if (!found.isRecorded) unknownBoards.push(board(mac, found.address));
        given.set(mac, found.address);
      }
      const all = [
        ...given.values(),
        ...sampleNodes().map((node) => node.address),
        sampleCluster().network.address.address,
      ];
      expect(new Set(all).size).toBe(all.length);
    }),
  );
});

test('a pool of a whole /8 is searched fast enough to answer', () => {
  const unknownBoards = Array.from({ length: 5000 }, (_, at) =>
    board(`02:00:00:01:${hex(at >> 8)}:${hex(at & 255)}`, ipv4FromNumber(0x0a000002 + at)),
  );

  expect(words(poolAddress(me, site('10.0.0.2-10.255.255.254', { unknownBoards }, { address: '10.0.0.1/8' })))).toBe(
    '10.0.19.138',
  );
});

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
