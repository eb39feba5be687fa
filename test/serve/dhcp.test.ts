/** The DHCP service over a socket without a network: order, durability, and that nothing stops it. */
import { setImmediate as turn } from 'node:timers/promises';

import * as fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';

import { HostError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { ask, firmwareClass, serialOption } from '../support/dhcp-client.ts';
import { network, node02, site, stranger, visitor } from '../support/dhcp-site.ts';
import { romOption, runningDhcp } from '../support/running-dhcp.ts';
import { bytes } from '../support/vectors.ts';

test('a DISCOVER of a node is told, answered at once and logged; nothing waits for the disk', () => {
  const running = runningDhcp();
  let signsBefore: readonly string[] = [];
  running.socket.onSend = () => {
    signsBefore = [...running.signs];
  };

  running.say('discover', { mac: node02, vendorClass: firmwareClass });

  expect(running.sent()).toEqual(['offer 10.42.0.12']);
  expect(signsBefore).toEqual(['node02 discover', 'node02 offer']);
  expect(running.recorded).toEqual([]);
  expect(running.log.lines).toEqual([
    'info dhcp.offered {"node":"node02","mac":"dc:a6:32:00:00:02","address":"10.42.0.12","stage":"firmware"}',
  ]);
});

test('a MAC that is learned is on the disk before the board is told or anything of its boot', async () => {
  const running = runningDhcp();

  running.say('discover', { mac: '02:00:00:00:00:0b', options: [serialOption('1aa2bb31')] });

  expect([running.sent(), running.signs]).toEqual([[], []]);
  expect(await running.answers(1)).toEqual(['offer 10.42.0.11']);
  expect(running.recorded).toMatchObject([{ kind: 'node', mac: '02:00:00:00:00:0b', learnsMac: true }]);
  expect(running.signs).toEqual(['node01 discover', 'node01 offer']);
});

test('a board that is held back is not answered, and its boot does not begin', () => {
  const running = runningDhcp({ admit: () => ({ kind: 'later', reason: '40 boards are loading' }) });

  running.say('discover', { mac: node02, vendorClass: firmwareClass });
  running.say('discover', { mac: node02 });

  expect(running.sent()).toEqual(['offer 10.42.0.12']);
  expect(running.begun).toEqual([]);
  expect(running.log.lines[0]).toContain('dhcp.held');
});

test('a Pi 3 is answered a second later beside another server', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const running = runningDhcp({}, { ...site, network: network({ dhcp: 'proxy' }) });

  running.say('discover', { mac: 'b8:27:eb:00:00:01', vendorClass: firmwareClass, options: [romOption] });
  await vi.advanceTimersByTimeAsync(999);
  expect(running.sent()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);

  expect(running.sent()).toEqual(['offer 0.0.0.0']);
});

test('a message that no DHCP client port sent begins nothing, whatever it says', async () => {
  const running = runningDhcp();
  const discover = encodeDhcp(ask('discover', { mac: node02, vendorClass: firmwareClass }));

  running.socket.deliver(discover, { address: parseIpv4('10.42.0.12'), port: 40_123 });
  running.say('discover', { mac: stranger });

  expect(await running.answers(1)).toEqual(['offer 10.42.0.200']);
  expect(running.signs).toEqual([`${stranger} discover`, `${stranger} offer`]);
  expect(running.log.lines.join('\n')).toContain('it came from port 40123, not 68');
});

test('relays speak from the port of servers, and what names a relay comes from there only', () => {
  const subnets = [{ subnet: '10.43.0.0/24', gateway: '10.43.0.1', pool: '10.43.0.200-10.43.0.201' }];
  const running = runningDhcp({}, { ...site, network: network({ subnets }) });
  const discover = encodeDhcp(ask('discover', { mac: stranger, giaddr: '10.43.0.1' }));

  running.socket.deliver(discover, { address: parseIpv4('10.43.0.1'), port: 68 });
  expect(running.sent()).toEqual([]);
  running.socket.deliver(discover, { address: parseIpv4('10.43.0.1'), port: 67 });

  expect(running.sent()).toEqual(['offer 10.43.0.200']);
  expect(running.socket.sent[0]?.to).toEqual({ address: '10.43.0.1', port: 67 });
});

test('what cannot be recorded is not promised, and the next message is served', async () => {
  let isFull = true;
  const running = runningDhcp({
    record: () => (isFull ? Promise.reject(new HostError('cannot write state.db')) : Promise.resolve()),
  });
  const request = () => running.say('request', { mac: visitor, ciaddr: '10.42.0.210' });

  request();
  await turn();
  isFull = false;
  request();

  expect(await running.answers(1)).toEqual(['ack 10.42.0.210']);
  expect(running.log.lines[0]).toBe('warn dhcp.failed {"mac":"02:00:00:00:00:08","reason":"cannot write state.db"}');
});

test('a send that fails is told and stops nothing', async () => {
  const running = runningDhcp();
  let sends = 0;
  running.socket.send = () => {
    sends += 1;
    return Promise.reject(new HostError('cannot send to 255.255.255.255:68'));
  };

  running.say('discover', { mac: node02 });
  running.say('discover', { mac: visitor });
  await vi.waitFor(() => expect(sends).toBe(2));
  await turn();

  expect(running.log.lines.filter((line) => line.includes('dhcp.failed'))).toEqual([
    'warn dhcp.failed {"mac":"dc:a6:32:00:00:02","reason":"cannot send to 255.255.255.255:68"}',
  ]);
});

test('truncated, random and hostile datagrams leave it answering, with one line for all of them', async () => {
  const running = runningDhcp({}, { ...site, network: network({ pool: '10.42.0.200-10.42.0.201' }) });
  const whole = encodeDhcp(ask('discover', { mac: node02 }));
  const noise = fc.sample(fc.uint8Array({ maxLength: 400 }), { numRuns: 300, seed: 7 });
  const tails = fc.sample(fc.uint8Array({ maxLength: 60 }), { numRuns: 300, seed: 8 });

  for (const [at, datagram] of noise.entries()) {
    running.socket.deliver(datagram);
    running.socket.deliver(whole.subarray(0, at));
    running.socket.deliver(Buffer.concat([whole.subarray(0, 240), tails[at] ?? bytes('ff')]));
    await turn();
  }
  const before = running.socket.sent.length;
  running.say('discover', { mac: node02 });

  expect((await running.answers(before + 1)).at(-1)).toBe('offer 10.42.0.12');
  expect(running.log.lines.filter((line) => line.includes('dhcp.malformed'))).toHaveLength(1);
  expect(running.log.lines.filter((line) => line.includes('bug'))).toEqual([]);
});

test('what waits for a slow disk is bounded, and told', async () => {
  let open: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => {
    open = resolve;
  });
  const running = runningDhcp({ record: () => disk });

  for (let at = 0; at < 2100; at++) running.say('request', { mac: visitor, ciaddr: '10.42.0.210' });
  await turn();

  expect(running.log.lines).toEqual(['warn dhcp.overloaded {"waiting":2000}']);
  open();
  expect(await running.answers(2000)).toHaveLength(2000);
});

test('it ends when told to: what is promised on the disk is still answered, and the socket is let go', async () => {
  let open: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => {
    open = resolve;
  });
  const running = runningDhcp({ record: () => disk });
  running.say('request', { mac: visitor, ciaddr: '10.42.0.210' });
  await turn();

  const ended = running.end();
  running.say('discover', { mac: node02 });
  open();
  await ended;

  expect(running.sent()).toEqual(['ack 10.42.0.210']);
  expect(running.socket.isListening).toBe(false);
});

test('told to end before it began, it ends', async () => {
  const running = runningDhcp({}, site, AbortSignal.abort());

  await running.ended;

  expect(running.socket.isListening).toBe(false);
});
