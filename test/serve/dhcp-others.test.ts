/** Other DHCP servers, as the running service finds them. */

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { HostError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { network, node02, site } from '../support/dhcp-site.ts';
import { runningDhcp } from '../support/running-dhcp.ts';

test('a node that chose another server is a problem that names it', () => {
  const running = runningDhcp();

  running.say('request', { mac: node02, server: '10.42.0.254', requested: '10.42.0.77' });

  expect(running.problems).toEqual([[expect.stringContaining('the DHCP server 10.42.0.254 answers on eth0 too')]]);
  expect(running.signs).toEqual(['node02 foreign-server']);
});

describe('a look for other servers', () => {
  test('tells those it found, until it finds them no more; what it asks itself is not answered', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const found = [['10.42.0.254'], []].map((list) => list.map(parseIpv4));
    const running = runningDhcp({
      looksAtOnce: true,
      findForeign: (asks) => {
        asks(parseMac('02:00:00:00:00:55'));
        return Promise.resolve(found.shift() ?? []);
      },
    });
    await vi.advanceTimersByTimeAsync(0);

    running.say('discover', { mac: '02:00:00:00:00:55' });
    expect(running.sent()).toEqual([]);
    expect(running.problems).toEqual([[expect.stringContaining('10.42.0.254')]]);
    await vi.advanceTimersByTimeAsync(180_000);

    expect(running.problems.at(-1)).toEqual([]);
  });

  test('in proxy mode misses the one that gives the addresses', async () => {
    const findForeign = () => Promise.resolve([]);
    const at = { ...site, network: network({ dhcp: 'proxy' }) };
    const running = runningDhcp({ looksAtOnce: true, findForeign }, at);
    await vi.waitFor(() => expect(running.problems).toHaveLength(1));

    expect(running.problems[0]).toEqual([expect.stringContaining('no DHCP server answers on eth0')]);
  });

  test('that cannot be made is told, and nothing else stops', async () => {
    const running = runningDhcp({
      looksAtOnce: true,
      findForeign: () => Promise.reject(new HostError('port 68 is taken')),
    });
    await vi.waitFor(() => expect(running.log.lines).toHaveLength(1));

    expect(running.log.lines).toEqual(['warn dhcp.not-looked {"reason":"port 68 is taken"}']);
  });
});
