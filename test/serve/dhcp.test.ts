/** The DHCP service over a socket without a network: order, durability, and that nothing stops it. */
import { setImmediate as turn } from 'node:timers/promises';

import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { HostError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { UnknownBoard } from '../../src/model/state.ts';
import type { DhcpSite, DhcpWho } from '../../src/plan/dhcp-reply.ts';
import { serveDhcp, type DhcpDeps } from '../../src/serve/dhcp.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { readMessageType, type MessageType } from '../../src/wire/dhcp-options.ts';
import { ask, firmwareClass, serialOption, type Ask } from '../support/dhcp-client.ts';
import { network, node02, site, stranger, visitor } from '../support/dhcp-site.ts';
import { FakeDhcpSocket, keptLog } from '../support/fake-dhcp-socket.ts';
import { bytes } from '../support/vectors.ts';

/** A running service; unknown boards are remembered as the real one does, but a moment later. */
function service(changes: Partial<DhcpDeps> = {}, at: DhcpSite = site) {
  const socket = new FakeDhcpSocket();
  const log = keptLog();
  const stop = new AbortController();
  const recorded: DhcpWho[] = [];
  const unknownBoards: UnknownBoard[] = [...at.unknownBoards];
  const clock = { nowMs: 1_000_000 };
  const deps: DhcpDeps = {
    socket,
    site: () => ({ ...at, unknownBoards: [...unknownBoards] }),
    record: async (who) => {
      await turn();
      recorded.push(who);
      if (who.kind !== 'unknown' || unknownBoards.some((board) => board.mac === who.board.mac)) return;
      unknownBoards.push({ ...who.board, firstSeenMs: 0, lastSeenMs: 0 });
    },
    log,
    nowMs: () => clock.nowMs,
    ...changes,
  };
  const ended = serveDhcp(deps, stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return {
    socket,
    log,
    recorded,
    clock,
    end,
    say: (type: MessageType, of: Ask = {}) => socket.deliver(encodeDhcp(ask(type, of))),
    /** Answers as `offer 10.42.0.12`, once `count` are there. */
    answers: async (count: number) => {
      for (let turns = 0; socket.sent.length < count && turns < 10_000; turns++) await turn();
      return socket.sent.map(({ packet }) => `${readMessageType(packet.options)} ${packet.yiaddr}`);
    },
  };
}

test('a DISCOVER is recorded, then answered, then logged', async () => {
  const running = service();
  let recordedBefore = 0;
  running.socket.onSend = () => {
    recordedBefore = running.recorded.length;
  };

  running.say('discover', { mac: node02, vendorClass: firmwareClass });

  expect(await running.answers(1)).toEqual(['offer 10.42.0.12']);
  await turn();
  expect(recordedBefore).toBe(1);
  expect(running.recorded).toMatchObject([{ kind: 'node', mac: node02, isFirmwareDiscover: true, learnsMac: false }]);
  expect(running.log.lines).toEqual([
    'info dhcp.offered {"node":"node02","mac":"dc:a6:32:00:00:02","address":"10.42.0.12","stage":"firmware"}',
  ]);
});

test('a message that no DHCP client port sent begins nothing, whatever it says', async () => {
  const running = service();
  const discover = encodeDhcp(ask('discover', { mac: node02, vendorClass: firmwareClass }));

  running.socket.deliver(discover, { address: parseIpv4('10.42.0.12'), port: 40_123 });
  running.say('discover', { mac: stranger });

  expect(await running.answers(1)).toEqual(['offer 10.42.0.200']);
  expect(running.recorded).toMatchObject([{ kind: 'unknown' }]);
  expect(running.log.lines.join('\n')).toContain('it came from port 40123, not 68');
});

test('what cannot be recorded is not promised, and the next message is served', async () => {
  let isFull = true;
  const running = service({
    record: () => (isFull ? Promise.reject(new HostError('cannot write state.db')) : Promise.resolve()),
  });

  running.say('discover', { mac: node02 });
  running.say('discover', { mac: node02 });
  await turn();
  isFull = false;
  running.say('discover', { mac: node02 });

  expect(await running.answers(1)).toEqual(['offer 10.42.0.12']);
  expect(running.log.lines[0]).toBe('warn dhcp.failed {"from":"10.42.0.77","reason":"cannot write state.db"}');
});

test('a send that fails is told and stops nothing', async () => {
  const running = service();
  let sends = 0;
  running.socket.send = () => {
    sends += 1;
    return Promise.reject(new HostError('cannot send to 255.255.255.255:68'));
  };

  running.say('discover', { mac: node02 });
  running.say('discover', { mac: visitor });
  await vi.waitFor(() => expect(sends).toBe(2));
  await turn();

  expect(running.log.lines).toEqual([
    'warn dhcp.failed {"from":"10.42.0.77","reason":"cannot send to 255.255.255.255:68"}',
  ]);
});

test('two new boards at once get two addresses', async () => {
  const running = service();

  running.say('discover', { mac: stranger });
  running.say('discover', { mac: '02:00:00:00:00:0a' });
  running.say('discover', { mac: stranger });

  expect(await running.answers(3)).toEqual(['offer 10.42.0.200', 'offer 10.42.0.201', 'offer 10.42.0.200']);
});

test('an address that was declined is not given for ten minutes', async () => {
  const running = service();

  running.say('decline', { mac: visitor, requested: '10.42.0.210' });
  running.say('discover', { mac: visitor });
  expect(await running.answers(1)).toEqual(['offer 10.42.0.200']);

  running.clock.nowMs += 600_000;
  running.say('discover', { mac: visitor });
  expect(await running.answers(2)).toEqual(['offer 10.42.0.200', 'offer 10.42.0.210']);
  expect(running.log.lines[0]).toBe(
    'warn dhcp.declined {"mac":"02:00:00:00:00:08","message":"decline","reason":"another machine uses the pool address 10.42.0.210"}',
  );
});

describe('the log', () => {
  test('says a conflict and an ignored message once a minute, with a count', async () => {
    const running = service();
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
    const running = service();
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
    const running = service();

    running.say('discover', { mac: stranger, options: [serialOption('0000abcd')] });
    running.say('discover', { mac: '02:00:00:00:00:0b', options: [serialOption('1aa2bb31')] });
    running.say('request', { mac: node02, requested: '10.42.0.99' });
    await running.answers(3);
    await turn();

    expect(running.log.lines).toEqual([
      'info dhcp.offered {"mac":"02:00:00:00:00:09","address":"10.42.0.200","serial":"0000abcd","stage":"other"}',
      'info dhcp.offered {"node":"node01","mac":"02:00:00:00:00:0b","address":"10.42.0.11","learned":"mac","stage":"other"}',
      'info dhcp.refused {"node":"node02","mac":"dc:a6:32:00:00:02","address":"10.42.0.12","stage":"other"}',
    ]);
  });

  test('says what the socket reports', () => {
    const running = service();

    running.socket.fail(new Error('recvmsg ENETDOWN'));

    expect(running.log.lines).toEqual(['warn dhcp.socket {"reason":"recvmsg ENETDOWN"}']);
  });
});

test('truncated, random and hostile datagrams leave it answering, with one line for all of them', async () => {
  const running = service({}, { ...site, network: network({ pool: '10.42.0.200-10.42.0.201' }) });
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
  const running = service({ record: () => disk });

  for (let at = 0; at < 2100; at++) running.say('discover', { mac: node02 });
  await turn();

  expect(running.log.lines).toEqual(['warn dhcp.overloaded {"waiting":2000}']);
  open();
  expect(await running.answers(2000)).toHaveLength(2000);
});

test('it ends when told to, without what still waits, and lets the socket go', async () => {
  let open: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => {
    open = resolve;
  });
  const running = service({ record: () => disk });
  running.say('discover', { mac: node02 });
  running.say('discover', { mac: visitor });
  await turn();

  const ended = running.end();
  open();
  await ended;

  expect(await running.answers(1)).toEqual(['offer 10.42.0.12']);
  expect(running.socket.isListening).toBe(false);
});

test('told to end before it began, it ends', async () => {
  const socket = new FakeDhcpSocket();

  await serveDhcp({ socket, site: () => site, record: () => Promise.resolve(), log: keptLog() }, AbortSignal.abort());

  expect(socket.isListening).toBe(false);
});

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
