/** Which interfaces there are: from what iproute2 prints, and on this machine. */
import { expect, test } from 'vitest';

import {
  names,
  otherInterfaces,
  readInterfaces,
  requireAddress,
  type NetworkInterface,
} from '../../src/host/interfaces.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';

const link = (name: string, more: Partial<NetworkInterface> = {}): NetworkInterface => ({
  name,
  kind: 'ether',
  isUp: true,
  master: undefined,
  addresses: [],
  ...more,
});

const loopback = link('lo', { kind: 'loopback', addresses: ['127.0.0.1'] });
const eth0 = link('eth0', { addresses: ['192.168.1.5', '10.42.0.1'] });

test('this machine has a loopback with its address', async () => {
  const found = await readInterfaces(AbortSignal.timeout(10_000));

  expect(found).toContainEqual(expect.objectContaining({ name: 'lo', kind: 'loopback', addresses: ['127.0.0.1'] }));
});

test.each<[string, NetworkInterface[], string]>([
  ['nothing beside loopback', [loopback, eth0], ''],
  ['a second card', [loopback, eth0, link('wlan0')], 'wlan0'],
  ['a second card that is down now', [loopback, eth0, link('wlan0', { isUp: false })], 'wlan0'],
  ['ports of the interface itself', [loopback, eth0, link('tap0', { master: 'eth0' })], ''],
  ['ports of another bridge', [loopback, eth0, link('tap0', { master: 'br0' })], 'tap0'],
  ['an unused tunnel device', [loopback, eth0, link('sit0', { kind: 'sit', isUp: false })], ''],
  ['a tunnel', [loopback, eth0, link('tun0', { kind: 'none' })], 'tun0'],
])('others beside eth0: %s', (_name, interfaces, expected) => {
  expect(names(otherInterfaces(interfaces, 'eth0'))).toBe(expected);
});

test.each([
  ['eth0', '10.42.0.1', 'found'],
  [
    'eth1',
    '10.42.0.1',
    'this machine has no interface eth1 Correct network.interface in cluster.yaml; there are: eth0, bare.',
  ],
  [
    'eth0',
    '10.42.0.2',
    'eth0 does not have the address 10.42.0.2 Run "ip address add 10.42.0.2/PREFIX dev eth0", or correct network.address in cluster.yaml; eth0 has: 192.168.1.5, 10.42.0.1.',
  ],
  [
    'bare',
    '10.42.0.2',
    'bare does not have the address 10.42.0.2 Run "ip address add 10.42.0.2/PREFIX dev bare", or correct network.address in cluster.yaml; bare has: none.',
  ],
])('%s with %s', (name, address, expected) => {
  expect(outcome(() => requireAddress([loopback, eth0, link('bare')], name, parseIpv4(address)))).toBe(expected);
});

function outcome(check: () => void): string {
  try {
    check();
    return 'found';
  } catch (error) {
    return `${(error as Error).message} ${(error as { hint?: string }).hint}`;
  }
}
