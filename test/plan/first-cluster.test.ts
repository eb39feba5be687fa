/** What init makes of a machine, and that what it writes is right. */
import { describe, expect, test } from 'vitest';

import { parseYaml } from '../../src/host/yaml-file.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { checkCluster } from '../../src/plan/check-cluster.ts';
import { planFirstCluster, renderFirstCluster, type FoundInterface } from '../../src/plan/first-cluster.ts';
import { sampleView } from '../support/sample-view.ts';

const port = (name: string, address?: string, more: Partial<FoundInterface> = {}): FoundInterface => ({
  name,
  addresses: address === undefined ? [] : [address],
  madeAs: undefined,
  hasCable: true,
  ...more,
});

const lo = port('lo', '127.0.0.1/8');
const uplink = port('eth0', '192.168.1.20/24');

const plan = (interfaces: readonly FoundInterface[], wanted?: string) =>
  planFirstCluster({ hostName: 'plum', interfaces, defaultInterface: 'eth0' }, wanted);

describe('the interface', () => {
  test.each<[string, FoundInterface[], string]>([
    ['one that does not lead to the internet', [lo, uplink, port('eth1', '10.42.0.1/24')], 'eth1'],
    ['the one with an address', [uplink, port('eth1'), port('eth2', '10.42.0.1/24')], 'eth2'],
    ['a bare one before the way to the internet', [uplink, port('eth1')], 'eth1'],
    ['one with a cable', [uplink, port('eth1', undefined, { hasCable: false }), port('eth2')], 'eth2'],
    ['the only one', [lo, uplink, port('wlan0', '192.168.2.2/24')], 'eth0'],
    ['no container network', [uplink, port('docker0', '172.17.0.1/16', { madeAs: 'bridge' })], 'eth0'],
    ['no tunnel', [uplink, port('tun0', '10.8.0.1/24', { madeAs: 'tun' })], 'eth0'],
    ['a bridge of the owner', [uplink, port('br0', '10.42.0.1/24', { madeAs: 'bridge' })], 'br0'],
  ])('is %s', (_name, interfaces, expected) => {
    expect(plan(interfaces).interface).toBe(expected);
  });

  test('is the one that was asked for', () => {
    expect(plan([uplink, port('eth1', '10.42.0.1/24')], 'eth0').interface).toBe('eth0');
    expect(() => plan([lo, uplink], 'eth7')).toThrow('this machine has no interface eth7');
  });

  test('that does not exist is an error with a way out', () => {
    expect(() => plan([lo])).toThrow('no wired network interface');
  });

  test('without an address gets one, and its owner is told', () => {
    const first = plan([uplink, port('eth1', undefined, { hasCable: false })]);

    expect(first.address).toEqual({ address: '10.42.0.1', prefixLength: 24 });
    expect(first.notes).toEqual(['eth1 has no address yet: give it 10.42.0.1/24.', 'eth1 sees no cable right now.']);
  });

  test('that leads to the internet comes with a warning', () => {
    expect(plan([uplink]).notes.join()).toMatch('DHCP');
  });
});

test.each([
  ['10.42.0.1/24', '10.42.0.200-10.42.0.239'],
  ['10.42.0.220/24', '10.42.0.180-10.42.0.219'],
  ['172.16.0.1/16', '172.16.255.200-172.16.255.239'],
  ['192.168.7.1/28', '192.168.7.12-192.168.7.14'],
  ['192.168.7.14/28', '192.168.7.11-192.168.7.13'],
  ['192.168.7.1/30', '192.168.7.2-192.168.7.2'],
  ['192.168.7.2/30', '192.168.7.1-192.168.7.1'],
])('the pool beside %s is %s', (address, pool) => {
  const { first, last } = plan([port('eth1', address)]).pool;

  expect(`${first}-${last}`).toBe(pool);
});

test.each([
  ['plum', 'plum'],
  ['Head.example.org', 'head'],
  ['my_pi', 'my-pi'],
  ['', 'cluster'],
  ['localhost', 'cluster'],
  ['_', 'cluster'],
])('a host named "%s" makes a cluster named %s', (hostName, name) => {
  expect(planFirstCluster({ hostName, interfaces: [uplink], defaultInterface: undefined }).name).toBe(name);
});

test.each([['10.42.0.1/24'], ['192.168.7.2/30'], ['172.16.0.1/16'], [undefined]])(
  'what is written for %s passes the check',
  (address) => {
    const text = renderFirstCluster(plan([uplink, port('eth1', address)]));

    const { value } = parseYaml(text, 'cluster.yaml', Cluster);
    const { overlays } = sampleView();

    expect(checkCluster(value, { overlays, images: new Map([['debian-lite', { boards: undefined }]]) })).toEqual([]);
    expect(value.cluster).toBe('plum');
  },
);
