/** Ports on the addon, as the install script built it. */
import { describe, expect, test } from 'vitest';

import { openDatagrams } from '../../../src/host/datagram/open.ts';
import { ipv4ToNumber, parseIpv4 } from '../../../src/model/ipv4.ts';
import { portTests } from './port-tests.ts';

const loopback = parseIpv4('127.0.0.1');
const quiet = { received: () => undefined, failed: () => undefined };

describe('addon', () => {
  portTests(() => openDatagrams('addon'));

  test('says what it is', () => {
    expect(openDatagrams('addon').kind).toBe('addon');
  });

  test('a port of an interface hears that one only', async () => {
    const datagrams = openDatagrams('addon');
    const options = { address: loopback, port: 0, receiveBufferBytes: 0, handlers: quiet };

    await expect(datagrams.openPort({ ...options, device: 'nosuch0' })).rejects.toMatchObject({
      message: 'cannot listen on UDP 127.0.0.1:0 on nosuch0',
      cause: { code: 'ENODEV' },
    });
    (await datagrams.openPort({ ...options, device: 'lo' })).close();
  });

  test('memory of another path is not sent from', async () => {
    const options = { address: loopback, port: 0, receiveBufferBytes: 0, handlers: quiet };
    const port = await openDatagrams('addon').openPort(options);
    const foreign = openDatagrams('plain').allocate(10);

    expect(() => port.send(foreign, 0, 10, 0, ipv4ToNumber(loopback), 9)).toThrow(TypeError);
    port.close();
  });

  test('what is to gather is looked at no more often than was said', async () => {
    const datagrams = openDatagrams('addon');
    const looks: number[] = [];
    const to = ipv4ToNumber(loopback);
    const port = await datagrams.openPort({
      address: loopback,
      port: 0,
      receiveBufferBytes: 0,
      handlers: {
        received: () => {
          looks.push(performance.now());
          port.sendCopy(Buffer.from('again'), to, port.port);
        },
        failed: () => undefined,
      },
    });

    port.gather(1000);
    port.sendCopy(Buffer.from('first'), to, port.port);
    while (looks.length < 20) await new Promise((resolve) => setImmediate(resolve));
    port.close();

    const between = looks.slice(1, 20).map((atMs, index) => atMs - (looks[index] ?? 0));
    // The time is taken before what came is handed over.
    expect(between.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(18);
  });

  test('memory that was given back is free at once', async () => {
    const datagrams = openDatagrams('addon');
    const port = await datagrams.openPort({ address: loopback, port: 0, receiveBufferBytes: 0, handlers: quiet });
    const to = ipv4ToNumber(loopback);
    const copy = Buffer.alloc(1000, 'z');
    const before = process.memoryUsage.rss();

    for (let turn = 0; turn < 500; turn++) {
      const buffer = datagrams.allocate(2 << 20);
      // Written to, or the kernel would lend no memory for it.
      buffer.bytes.fill(turn);
      port.send(buffer, 0, 1000, 0, to, port.port);
      buffer.release();
      expect(() => port.send(buffer, 0, 0, 0, to, port.port)).toThrow(RangeError);
      for (let sent = 0; sent < 100; sent++) port.sendCopy(copy, to, port.port);
      await new Promise((resolve) => setImmediate(resolve));
    }

    // A gigabyte was held, and 50 MB of copies.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 << 20);
    port.close();
  });
});
