/** What the DHCP service tells its owner. */
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { serialOption } from '../support/dhcp-client.ts';
import { node02, stranger } from '../support/dhcp-site.ts';
import { runningDhcp } from '../support/running-dhcp.ts';

describe('the log', () => {
  test('says a conflict and an ignored message once a minute, with a count', async () => {
    const running = runningDhcp();
    const twice = async () => {
      running.say('discover', { mac: node02, options: [serialOption('1aa2bb31')] });
      running.say('release', { mac: node02 });
      await turn();
      await turn();
    };

    await twice();
    await twice();
    running.clock.nowMs += 60_000;
    await twice();

    expect(running.socket.sent).toEqual([]);
    expect(running.log.lines.map((line) => line.replace(/"reason":"[^"]*"/, '…'))).toEqual([
      'warn dhcp.conflict {"mac":"dc:a6:32:00:00:02","message":"discover",…}',
      'info dhcp.ignored {"mac":"dc:a6:32:00:00:02","message":"release",…}',
      'warn dhcp.conflict {"mac":"dc:a6:32:00:00:02","message":"discover",…,"repeated":1}',
      'info dhcp.ignored {"mac":"dc:a6:32:00:00:02","message":"release",…,"repeated":1}',
    ]);
  });

  test('is not flooded by messages that are all different', async () => {
    const running = runningDhcp();
    for (let at = 0; at < 3000; at++) {
      running.say('release', { mac: `02:00:00:00:${hex(at >> 8)}:${hex(at & 255)}` });
      if (at % 500 === 0) await turn();
    }
    running.say('decline', { mac: node02 });
    running.say('discover', { mac: node02 });

    expect(await running.answers(1)).toEqual(['offer 10.42.0.12']);
    expect(running.log.lines.filter((line) => line.includes('dhcp.ignored'))).toHaveLength(500);
    expect(running.log.lines.filter((line) => line.includes('dhcp.conflict'))).toHaveLength(1);

    running.clock.nowMs += 60_000;
    running.say('release', { mac: '02:00:00:00:ff:ff' });
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(running.log.lines.at(-1)).toContain('02:00:00:00:ff:ff');
  });

  test('names boards that are no nodes with what they say of themselves, and learned MACs', async () => {
    const running = runningDhcp();

    running.say('discover', { mac: stranger, options: [serialOption('0000abcd')] });
    running.say('discover', { mac: '02:00:00:00:00:0b', options: [serialOption('1aa2bb31')] });
    await running.answers(2);
    running.say('request', { mac: node02, requested: '10.42.0.99' });
    await turn();

    expect(running.log.lines).toEqual([
      'info dhcp.offered {"mac":"02:00:00:00:00:09","address":"10.42.0.200","serial":"0000abcd","stage":"other"}',
      'info dhcp.offered {"node":"node01","mac":"02:00:00:00:00:0b","address":"10.42.0.11","learned":"mac","stage":"other"}',
      'info dhcp.refused {"node":"node02","mac":"dc:a6:32:00:00:02","address":"10.42.0.12","stage":"other"}',
    ]);
  });

  test('says what the socket reports', () => {
    const running = runningDhcp();

    running.socket.fail(new Error('recvmsg ENETDOWN'));

    expect(running.log.lines).toEqual(['warn dhcp.socket {"reason":"recvmsg ENETDOWN"}']);
  });
});

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
