/** Addresses of the pool as the DHCP service gives them: written down, looked for, given back. */
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import type { DhcpDeps } from '../../src/serve/dhcp-deps.ts';
import { firmwareClass } from '../support/dhcp-client.ts';
import { atMs, network, site, stranger, visitor } from '../support/dhcp-site.ts';
import { romOption, runningDhcp } from '../support/running-dhcp.ts';

describe('an address of the pool', () => {
  test('is on the disk before it is acknowledged, for longer than the board is told', async () => {
    const running = runningDhcp();

    running.say('request', { mac: visitor, server: '10.42.0.1', requested: '10.42.0.210' });
    expect(running.sent()).toEqual([]);

    expect(await running.answers(1)).toEqual(['ack 10.42.0.210']);
    expect(running.recorded).toMatchObject([
      { kind: 'unknown', board: { mac: visitor, address: '10.42.0.210', leaseUntilMs: atMs + 1_200_000 } },
    ]);
  });

  test('is renewed without the disk as long as the disk holds it long enough', async () => {
    const running = runningDhcp();
    const renew = () => running.say('request', { mac: visitor, ciaddr: '10.42.0.210' });

    renew();
    await running.answers(1);
    running.clock.nowMs += 600_000;
    renew();
    expect(running.sent()).toEqual(['ack 10.42.0.210', 'ack 10.42.0.210']);
    running.clock.nowMs += 1;
    renew();
    await running.answers(3);

    expect(running.recorded).toHaveLength(2);
  });

  test('that is asked for twice at once is written once, and both are answered', async () => {
    const running = runningDhcp();
    const renew = () => running.say('request', { mac: visitor, ciaddr: '10.42.0.210' });

    renew();
    renew();

    expect(await running.answers(2)).toEqual(['ack 10.42.0.210', 'ack 10.42.0.210']);
    expect(running.recorded).toHaveLength(1);
  });

  test('is not written for an offer, but for one to a board that will send no REQUEST', async () => {
    const running = runningDhcp();

    running.say('discover', { mac: stranger });
    await running.answers(1);
    expect(running.recorded).toEqual([]);
    running.say('discover', { mac: 'b8:27:eb:00:00:01', vendorClass: firmwareClass, options: [romOption] });
    await running.answers(2);

    expect(running.recorded).toMatchObject([{ board: { mac: 'b8:27:eb:00:00:01', address: '10.42.0.201' } }]);
  });

  test('is looked for before it is offered, and another one is offered where somebody is', async () => {
    const asked: string[] = [];
    const running = runningDhcp({
      probe: (address) => {
        asked.push(address);
        return Promise.resolve(address === '10.42.0.200' ? 'taken' : 'free');
      },
    });

    running.say('discover', { mac: stranger });

    expect(await running.answers(1)).toEqual(['offer 10.42.0.201']);
    expect(asked.slice(0, 8)).toEqual(Array.from({ length: 8 }, (_, at) => `10.42.0.${200 + at}`));
    expect(running.log.lines.filter((line) => line.includes('dhcp.taken'))).toHaveLength(1);
  });

  test('that was looked for ahead is offered at once; a board that asks for one that was not waits alone', async () => {
    let find: (found: 'free') => void = () => undefined;
    const running = runningDhcp({
      probe: (address) =>
        address === '10.42.0.230' ? new Promise((resolve) => (find = resolve)) : Promise.resolve('free'),
    });
    for (let turns = 0; turns < 5; turns++) await turn();

    running.say('discover', { mac: '02:00:00:00:00:0a', requested: '10.42.0.230' });
    running.say('discover', { mac: stranger });
    running.say('discover', { mac: '02:00:00:00:00:0a', requested: '10.42.0.230' });
    expect(running.sent()).toEqual(['offer 10.42.0.200']);
    find('free');

    expect(await running.answers(2)).toEqual(['offer 10.42.0.200', 'offer 10.42.0.230']);
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(running.sent()).toHaveLength(2);
  });

  test('is not looked for behind a relay, nor where network.probe says so', () => {
    const asked: string[] = [];
    const probe: DhcpDeps['probe'] = (address) => {
      asked.push(address);
      return Promise.resolve('free');
    };
    const running = runningDhcp({ probe }, { ...site, network: network({ probe: false }) });

    running.say('discover', { mac: stranger });

    expect(running.sent()).toEqual(['offer 10.42.0.200']);
    expect(asked).toEqual([]);
  });

  test('is missing when all are taken: a problem as long as boards ask, and no answer', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const running = runningDhcp({}, { ...site, network: network({ pool: '10.42.0.210-10.42.0.210', probe: false }) });

    running.say('discover', { mac: stranger });
    running.say('discover', { mac: stranger });

    expect(running.sent()).toEqual([]);
    expect(running.problems).toEqual([[expect.stringContaining('all 1 addresses of the pool')]]);
    running.clock.nowMs += 61_000;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(running.problems.at(-1)).toEqual([]);
  });
});

test('two new boards at once get two addresses, and the one that asks twice one answer', async () => {
  const running = runningDhcp({ probe: () => turn('free' as const) });

  running.say('discover', { mac: stranger });
  running.say('discover', { mac: '02:00:00:00:00:0a' });
  running.say('discover', { mac: stranger });
  await running.answers(2);
  for (let turns = 0; turns < 5; turns++) await turn();

  expect(running.sent()).toEqual(['offer 10.42.0.200', 'offer 10.42.0.201']);
});

test('an address that was declined is not given for ten minutes', async () => {
  const running = runningDhcp();
  const wish = (mac: string) => running.say('discover', { mac, requested: '10.42.0.210' });

  running.say('decline', { mac: visitor, requested: '10.42.0.210' });
  wish(visitor);
  expect(await running.answers(1)).toEqual(['offer 10.42.0.200']);
  running.clock.nowMs += 600_000;
  wish(stranger);

  expect(await running.answers(2)).toEqual(['offer 10.42.0.200', 'offer 10.42.0.210']);
  expect(running.log.lines[0]).toBe(
    'warn dhcp.declined {"mac":"02:00:00:00:00:08","message":"decline","reason":"another machine uses the pool address 10.42.0.210"}',
  );
});

test('an address that is given back is of another board when no other is left', async () => {
  const running = runningDhcp({}, { ...site, network: network({ pool: '10.42.0.210-10.42.0.210', probe: false }) });

  running.say('discover', { mac: stranger });
  running.say('release', { mac: visitor, ciaddr: '10.42.0.210', server: '10.42.0.1' });
  running.say('discover', { mac: stranger });

  expect(await running.answers(1)).toEqual(['offer 10.42.0.210']);
});
