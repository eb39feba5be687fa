/** A note for clusters that are larger than the kernel's table of neighbours. */
import { expect, test } from 'vitest';

import { noteNeighbours } from '../../src/plan/check-cluster-neighbours.ts';
import { sampleCluster, sampleClusterInput } from '../support/sample-view.ts';

/** A pool of 1,024 addresses. */
const large = sampleCluster({
  network: { ...sampleClusterInput.network, address: '10.42.0.1/16', pool: '10.42.8.0-10.42.11.255' },
});

test.each([
  ['what Linux comes with', 0, 1024, true],
  ['just enough', 984, 2024, false],
  ['one node too many', 985, 2024, true],
  ['a kernel that does not say', 10_000, undefined, false],
])('%s', (_name, nodes, limit, isNoted) => {
  expect(noteNeighbours(large, nodes, limit)).toHaveLength(isNoted ? 1 : 0);
});

test('the note has the line to type', () => {
  expect(noteNeighbours(large, 1000, 1024)).toEqual([
    {
      path: ['network'],
      message: "this machine's kernel remembers 1024 neighbours, and nodes and pool may be 2040",
      hint: 'Run "sysctl -w net.ipv4.neigh.default.gc_thresh1=512 net.ipv4.neigh.default.gc_thresh2=1024 net.ipv4.neigh.default.gc_thresh3=2048", and write the same into /etc/sysctl.d/pi-image.conf.',
    },
  ]);
});

test('a network without a pool counts its nodes', () => {
  const { pool: _pool, ...network } = sampleClusterInput.network;
  const proxied = sampleCluster({ network: { ...network, dhcp: 'proxy' } });

  expect(noteNeighbours(proxied, 1008, 1024)).toEqual([]);
  expect(noteNeighbours(proxied, 1009, 1024)).toHaveLength(1);
});
