/** Pools and subnets of cluster.yaml that do not fit: each is named with its place. */
import { expect, test } from 'vitest';

import type { Problem } from '../../src/model/problem.ts';
import { checkNetwork } from '../../src/plan/check-cluster-network.ts';
import { sampleCluster, sampleClusterInput } from '../support/sample-view.ts';

const { network } = sampleClusterInput;

const sentence = ({ path, message, other }: Problem) =>
  `${path.join('.')}: ${message}${other === undefined ? '' : ` <- ${other.join('.')}`}`;

test.each<[string, Record<string, unknown>, string[]]>([
  [
    'a DHCP server has no pool',
    { network: { ...network, pool: undefined } },
    ['network.pool: missing: a DHCP server needs addresses for boards that are not nodes yet'],
  ],
  [
    'a lease is too short',
    { network: { ...network, lease: '59s' } },
    ['network.lease: a lease of less than a minute ends while its board still loads files'],
  ],
  ['a proxy needs no pool', { network: { ...network, pool: undefined, dhcp: 'proxy' } }, []],
  [
    'a pool is for the whole world',
    { network: { ...network, address: '10.0.0.1/8', pool: '10.1.0.0-10.3.255.255' } },
    ['network.pool: the pool holds 196608 addresses, more than 65536'],
  ],
  [
    'what lies behind a relay is not right',
    {
      network: {
        ...network,
        subnets: [
          { subnet: '10.43.0.0/24', gateway: '10.42.0.254', pool: '10.43.1.1-10.43.1.9' },
          { subnet: '10.43.0.128/25', gateway: '10.43.0.129', pool: '10.43.0.129-10.43.0.130' },
          { subnet: '10.42.0.0/16', gateway: '10.42.0.2' },
        ],
      },
    },
    [
      'network.subnets.0.pool: 10.43.1.1 is not a host address of 10.43.0.0/24',
      'network.subnets.0.gateway: 10.42.0.254 is not a host address of 10.43.0.0/24',
      'network.subnets.1.subnet: 10.43.0.128/25 and 10.43.0.0/24 overlap <- network.subnets.0.subnet',
      'network.subnets.1.gateway: 10.43.0.129 lies in the pool of unknown boards',
      'network.subnets.2.subnet: 10.42.0.0/16 and 10.42.0.0/24 overlap <- network.address',
    ],
  ],
])('%s', (_name, changes, expected) => {
  const known = { images: new Map(), overlays: new Map() };

  expect(checkNetwork(sampleCluster(changes), known).map(sentence)).toEqual(expected);
});
