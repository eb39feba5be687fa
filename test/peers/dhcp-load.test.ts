/** Kea's load generator, as a second opinion on what we answer when many ask at once. Needs root. */
import { expect, test } from 'vitest';

import { DhcpNet } from '../support/dhcp-net.ts';

test('perfdhcp: three thousand exchanges as a relay, none is lost or answered twice', async () => {
  const at = await DhcpNet.open({
    interface: 'eth0',
    address: '10.42.0.1/16',
    pool: '10.42.16.0-10.42.31.255',
    nodes: [],
    looksForForeign: false,
  });
  try {
    await at.net.add('server');
    await at.net.add('client');
    await at.net.cable(
      { namespace: 'server', interface: 'eth0', address: '10.42.0.1/16' },
      { namespace: 'client', interface: 'end0', address: '10.42.0.2/16' },
    );
    await at.serve();

    const rate = ['-r', '500', '-R', '3000', '-n', '3000', '-W', '2000000', '-u'];
    const said = await at.net.run('client', ['perfdhcp', '-4', '-l', 'end0', ...rate, '10.42.0.1']);

    const counts = (what: string) =>
      [...said.matchAll(new RegExp(`${what}: (\\d+)`, 'g'))].map(([, count]) => Number(count));
    expect(counts('received packets')).toEqual([3000, 3000]);
    expect(counts('drops')).toEqual([0, 0]);
    expect(counts('non unique addresses')).toEqual([0, 0]);
  } finally {
    await at.close();
  }
});
