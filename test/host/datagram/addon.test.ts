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
