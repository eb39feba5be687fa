/** What every kind of port does, with real sockets on loopback. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { expect, onTestFinished, test } from 'vitest';

import type { DatagramPort, Datagrams, PortHandlers } from '../../../src/host/datagram/port.ts';
import { ipv4ToNumber, parseIpv4 } from '../../../src/model/ipv4.ts';

const loopback = parseIpv4('127.0.0.1');
const loopbackNumber = ipv4ToNumber(loopback);

interface Arrived {
  readonly bytes: Buffer;
  readonly address: number;
  readonly port: number;
}

/** A port, and what came in there. */
async function listen(datagrams: Datagrams, more: Partial<PortHandlers> = {}) {
  const arrived: Arrived[] = [];
  let wake: () => void = () => undefined;
  const port = await datagrams.openPort({
    address: loopback,
    port: 0,
    receiveBufferBytes: 1 << 20,
    handlers: {
      received: (slab, start, length, address, from) => {
        arrived.push({ bytes: Buffer.from(slab.subarray(start, start + length)), address, port: from });
        wake();
      },
      failed: () => undefined,
      ...more,
    },
  });
  onTestFinished(() => port.close());
  const count = async (wanted: number): Promise<readonly Arrived[]> => {
    while (arrived.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
    return arrived;
  };
  return { port, arrived, count };
}

/** Sends to a port that is sure to get all that came before, and waits for it. */
async function drained(
  from: DatagramPort,
  to: Awaited<ReturnType<typeof listen>>,
  expected: number,
): Promise<readonly Arrived[]> {
  from.sendCopy(Buffer.from('end'), loopbackNumber, to.port.port);
  const all = await to.count(expected + 1);
  expect(all.at(-1)?.bytes.toString()).toBe('end');
  return all.slice(0, -1);
}

const texts = (all: readonly Arrived[]) => all.map(({ bytes }) => bytes.toString('latin1'));

export function portTests(open: () => Datagrams): void {
  test('what is sent arrives whole and in order, with its sender', async () => {
    const datagrams = open();
    const [one, other] = [await listen(datagrams), await listen(datagrams)];
    const buffer = datagrams.hold(Buffer.from('abcdefghij'));

    one.port.send(buffer, 0, 4, 0, loopbackNumber, other.port.port);
    one.port.send(buffer, 4, 6, 0, loopbackNumber, other.port.port);
    one.port.send(buffer, 10, 0, 0, loopbackNumber, other.port.port);

    const all = await drained(one.port, other, 3);
    expect(texts(all)).toEqual(['abcd', 'efghij', '']);
    const sender = [loopbackNumber, one.port.port];
    expect(all.map(({ address, port }) => [address, port])).toEqual([sender, sender, sender]);
  });

  test('a long stretch is cut into datagrams of the size asked for', async () => {
    const datagrams = open();
    const [one, other] = [await listen(datagrams), await listen(datagrams)];
    const bytes = Buffer.from(Array.from({ length: 150_500 }, (_, index) => index % 251));

    one.port.send(datagrams.hold(bytes), 500, 150_000, 1000, loopbackNumber, other.port.port);
    one.port.send(datagrams.hold(bytes), 0, 1001, 1000, loopbackNumber, other.port.port);

    const all = await drained(one.port, other, 152);
    expect(all.map((each) => each.bytes.length)).toEqual([...Array<number>(151).fill(1000), 1]);
    expect(Buffer.concat(all.slice(0, 150).map((each) => each.bytes)).equals(bytes.subarray(500))).toBe(true);
  });

  test('a copy may be changed at once, and memory given back at once', async () => {
    const datagrams = open();
    const [one, other] = [await listen(datagrams), await listen(datagrams)];
    const bytes = Buffer.from('first');
    const held = datagrams.allocate(5);
    held.bytes.set(Buffer.from('third'));

    one.port.sendCopy(bytes, loopbackNumber, other.port.port);
    bytes.write('XXXXX');
    one.port.send(held, 0, 5, 0, loopbackNumber, other.port.port);
    held.release();

    expect(texts(await drained(one.port, other, 2))).toEqual(['first', 'third']);
  });

  test('more than a turn can take at once', async () => {
    const datagrams = open();
    const [one, other] = [await listen(datagrams), await listen(datagrams)];
    const wanted = Array.from({ length: 600 }, (_, index) => String(index));

    for (const text of wanted) one.port.sendCopy(Buffer.from(text), loopbackNumber, other.port.port);

    expect(texts(await drained(one.port, other, 600))).toEqual(wanted);
  });

  test('what was sent before close() leaves, and nothing comes in after it', async () => {
    const datagrams = open();
    const [one, other] = [await listen(datagrams), await listen(datagrams)];

    one.port.sendCopy(Buffer.from('last'), loopbackNumber, other.port.port);
    one.port.close();
    one.port.close();
    one.port.sendCopy(Buffer.from('too late'), loopbackNumber, other.port.port);
    other.port.sendCopy(Buffer.from('to nobody'), loopbackNumber, one.port.port);

    expect(texts(await other.count(1))).toEqual(['last']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(other.arrived).toHaveLength(1);
    expect(one.arrived).toHaveLength(0);
  });

  test('a port may be closed by what comes in there', async () => {
    const datagrams = open();
    const calls: number[] = [];
    const one = await listen(datagrams);
    const two = await listen(datagrams, {
      received: (_slab, _start, length) => {
        calls.push(length);
        two.port.close();
      },
    });

    for (let length = 1; length <= 3; length++) one.port.sendCopy(Buffer.alloc(length), loopbackNumber, two.port.port);
    one.port.sendCopy(Buffer.from('end'), loopbackNumber, one.port.port);

    await one.count(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toEqual([1]);
  });

  test('nobody at the other port, and a datagram that is too long, stop nothing', async () => {
    const datagrams = open();
    const failures: Error[] = [];
    const [one, other] = [
      await listen(datagrams, { failed: (error) => failures.push(error) }),
      await listen(datagrams),
    ];
    const gone = createSocket('udp4').bind(0, loopback);
    await once(gone, 'listening');
    const deadPort = gone.address().port;
    await new Promise<void>((resolve) => gone.close(resolve));
    const long = datagrams.allocate(70_000);

    for (let round = 0; round < 3; round++) {
      one.port.sendCopy(Buffer.from('dead'), loopbackNumber, deadPort);
      one.port.send(long, 0, 70_000, 0, loopbackNumber, other.port.port);
      one.port.send(long, 0, 3000, 0, loopbackNumber, other.port.port);
      one.port.sendCopy(Buffer.from(`round ${round}`), loopbackNumber, other.port.port);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }

    expect(texts(await drained(one.port, other, 3))).toEqual(['round 0', 'round 1', 'round 2']);
    expect(failures).toEqual([]);
  });

  test('a datagram that cannot be sent is told', async () => {
    const datagrams = open();
    let lost: (error: Error) => void = () => undefined;
    const told = new Promise<Error>((resolve) => (lost = resolve));
    const one = await listen(datagrams, { lost: (error) => lost(error) });

    one.port.send(datagrams.allocate(70_000), 0, 70_000, 0, loopbackNumber, 9);

    await expect(told).resolves.toMatchObject({ code: 'EMSGSIZE' });
  });

  test('nothing is sent from outside the buffer', async () => {
    const datagrams = open();
    const { port } = await listen(datagrams);
    const buffer = datagrams.hold(Buffer.from('abc'));

    for (const [start, length] of [
      [0, 4],
      [4, 0],
      [-1, 2],
      [2, -1],
      [3, 1],
      [2 ** 32, 1],
      [Number.NaN, 1],
      [0, Number.NaN],
    ] as const) {
      expect(() => port.send(buffer, start, length, 0, loopbackNumber, 9)).toThrow(RangeError);
    }
  });

  test('a port that is taken', async () => {
    const datagrams = open();
    const { port } = await listen(datagrams);
    const again = { address: loopback, port: port.port, receiveBufferBytes: 0, handlers: quiet };

    await expect(datagrams.openPort(again)).rejects.toMatchObject({
      message: `cannot listen on UDP 127.0.0.1:${port.port}`,
      hint: expect.stringContaining('ss -lunp') as string,
      cause: { code: 'EADDRINUSE' },
    });
  });

  test('an address that this machine does not have', async () => {
    const address = parseIpv4('192.0.2.1');

    await expect(open().openPort({ address, port: 0, receiveBufferBytes: 0, handlers: quiet })).rejects.toMatchObject({
      message: 'cannot listen on UDP 192.0.2.1:0',
      cause: { code: 'EADDRNOTAVAIL' },
    });
  });
}

const quiet: PortHandlers = { received: () => undefined, failed: () => undefined };
