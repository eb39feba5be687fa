/** The real server when clients are silent, gone, hostile or too many, and when it is stopped. */
import { randomBytes } from 'node:crypto';
import { truncate } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { HostError } from '../../src/model/errors.ts';
import type { TftpContent } from '../../src/serve/tftp.ts';
import { eventually, fetchFile, inWords, read, serving, text } from './tftp-client.ts';
import { fastResend, setUp } from './tftp-setup.ts';

const { start, newClient, newFile } = setUp();

describe('a running transfer', () => {
  test('answers a repeated ACK with nothing', async () => {
    const server = await start({ x: text('x'.repeat(2000)) });
    const client = await newClient();

    client.send(read('x', { tsize: '0' }), server.port);
    const { port } = await client.next();
    for (const block of [0, 0, 0, 1, 1, 0, 1]) client.send({ kind: 'ack', block }, port);

    expect(inWords((await client.next()).packet)).toBe('data 1 (512)');
    expect(inWords((await client.next()).packet)).toBe('data 2 (512)');
    expect(await client.hears(300)).toEqual([]);
  });

  test('cannot be touched from another port', async () => {
    const server = await start({ x: text('x'.repeat(2000)) });
    const [client, stranger] = [await newClient(), await newClient()];

    client.send(read('x'), server.port);
    const { port } = await client.next();
    stranger.send({ kind: 'ack', block: 1 }, port);
    stranger.send({ kind: 'error', code: 0, message: 'stop' }, port);
    expect(await client.hears(150)).toEqual([]);

    client.send({ kind: 'ack', block: 1 }, port);
    expect(inWords((await client.next()).packet)).toBe('data 2 (512)');
  });

  test('sends again after a time-out, more and more slowly, and gives up', async () => {
    const server = await start({ x: text('hello') }, fastResend);
    const client = await newClient();

    client.send(read('x'), server.port);

    expect(await server.end(0)).toMatchObject({ outcome: 'silent', bytes: 0 });
    expect(await client.hears(0)).toEqual(Array.from({ length: 6 }, () => 'data 1 (5)'));
    expect(server.served[0]?.durationMs).toBeGreaterThanOrEqual(20 * (1 + 2 + 4 + 8 + 16 + 32) - 10);
    expect(server.logged.join()).toContain('no ACK for block 1 of 1 after 5 resends');
  });

  test('keeps to the time-out that the client asked for', async () => {
    const server = await start({ x: text('hello') }, fastResend);
    const client = await newClient();

    client.send(read('x', { timeout: '1' }), server.port);

    expect(inWords((await client.next()).packet)).toBe('oack timeout=1');
    expect(await client.hears(800)).toEqual([]);
    expect(inWords((await client.next()).packet)).toBe('oack timeout=1');
  });

  test('is not sent again because this server was busy: what has come in is looked at first', async () => {
    const server = await start({ x: text('x'.repeat(2000)) }, { limits: { resendFloorMs: 100 } });
    const client = await newClient();
    client.send(read('x'), server.port);
    const { port } = await client.next();

    for (const block of [1, 2, 3]) {
      client.send({ kind: 'ack', block }, port);
      const until = performance.now() + 300;
      while (performance.now() < until);
      expect(inWords((await client.next()).packet)).toBe(`data ${block + 1} (${block === 3 ? 464 : 512})`);
    }
    client.send({ kind: 'ack', block: 4 }, port);

    expect(await server.end(0)).toMatchObject({ outcome: 'complete' });
    expect(await client.hears(0)).toEqual([]);
  });

  test('fails when its file changes under it, and never mixes two contents', async () => {
    const file = await newFile('changing', randomBytes(3_000_000));
    const server = await start({ x: file });
    const client = await newClient();

    client.send(read('x', { blksize: '1468' }), server.port);
    const { port } = await client.next();
    await truncate(file.path, 2_000_000);
    for (let block = 0; server.served.length === 0; block++) {
      client.send({ kind: 'ack', block: block & 0xffff }, port);
      await eventually(() => server.served[0] ?? client.next(50).catch(() => undefined));
    }

    expect(server.served[0]).toMatchObject({ outcome: 'failed' });
    expect(server.logged.join()).toContain('is not the file that was published');
  });
});

describe('limits', () => {
  test('a client that has its share is left to ask again', async () => {
    const server = await start({ x: text('x'.repeat(600)) }, { limits: { transfersPerClient: 2 } });
    const [one, two, three] = [await newClient(), await newClient(), await newClient()];
    const elsewhere = await newClient('127.0.0.2');
    for (const client of [one, two]) client.send(read('x'), server.port);
    const { port } = await one.next();
    await two.next();
    for (const client of [one, two]) client.send({ kind: 'ack', block: 1 }, port);
    await one.next();
    await two.next();

    three.send(read('x', { tsize: '0' }), server.port);
    expect(await three.hears(150)).toEqual([]);
    elsewhere.send(read('x', { tsize: '0' }), server.port);
    expect(inWords((await elsewhere.next()).packet)).toBe('oack tsize=600');

    one.send({ kind: 'error', code: 0, message: 'Early terminate' }, port);
    await server.end(0);
    three.send(read('x', { tsize: '0' }), server.port);
    expect(inWords((await three.next()).packet)).toBe('oack tsize=600');
    expect(server.logged.join()).toContain('warn tftp.waiting');
  });

  test('whoever has confirmed nothing makes room', async () => {
    const server = await start({ x: text('x'.repeat(600)) }, { limits: { transfersPerClient: 2, transfers: 3 } });
    const [first, second, third] = [await newClient(), await newClient(), await newClient()];
    first.send(read('x'), server.port);
    const { port } = await first.next();
    first.send({ kind: 'ack', block: 1 }, port);
    await first.next();
    second.send(read('x'), server.port);
    await second.next();

    third.send(read('x'), server.port);
    expect(inWords((await third.next()).packet)).toBe('data 1 (512)');

    expect(await server.end(0)).toMatchObject({ outcome: 'replaced', peer: { port: second.port } });
    first.send({ kind: 'ack', block: 2 }, port);
    expect(await server.end(1)).toMatchObject({ outcome: 'complete', bytes: 600 });
  });

  test('missing files and refusals hold no place', async () => {
    const server = await start({ x: text('hello') }, { limits: { transfersPerClient: 1 } });
    for (let count = 0; count < 20; count++)
      await expect(fetchFile(server.port, `no${count}`)).rejects.toThrow('error 1');

    expect((await fetchFile(server.port, 'x')).toString()).toBe('hello');
  });
});

describe('rubbish', () => {
  test('never stops the server', async () => {
    const server = await start({ x: text('hello') });
    const client = await newClient();
    const requests = ['0001', '0002', '0003', '0004', '0005', '0006', '00010000', '000161', '0001610000', '0009ffff'];
    const rubbish = [
      Buffer.alloc(0),
      Buffer.alloc(2048),
      Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(2046, 0x61)]),
      ...requests.map((hex) => Buffer.from(hex, 'hex')),
      ...Array.from({ length: 500 }, (_none, size) => randomBytes(size)),
      ...Array.from({ length: 200 }, (_none, size) => Buffer.concat([Buffer.from([0, 1]), randomBytes(size)])),
    ];

    for (const [index, bytes] of rubbish.entries()) {
      client.send(bytes, server.port);
      if (index % 50 === 0) await client.hears(1);
    }

    expect((await fetchFile(server.port, 'x')).toString()).toBe('hello');
    expect(server.logged.filter((line) => line.startsWith('warn tftp.ignored'))).toHaveLength(1);
  });

  test('at the port of a transfer does not stop the transfer', async () => {
    const server = await start({ x: text('hello') });
    const client = await newClient();

    client.send(read('x', { tsize: '0' }), server.port);
    const { port } = await client.next();
    for (const size of [0, 1, 3, 4, 100, 2000]) client.send(randomBytes(size).fill(0xff), port);
    client.send({ kind: 'ack', block: 0 }, port);

    expect(inWords((await client.next()).packet)).toBe('data 1 (5)');
  });
});

describe('the port', () => {
  test('is free again within a second of the end, whatever is running', async () => {
    const forever = new Promise<TftpContent>(() => undefined);
    const find = (name: string): Promise<TftpContent> => (name === 'slow' ? forever : Promise.resolve(text('hello')));
    const first = await start({}, { find });
    const client = await newClient();
    client.send(read('slow'), first.port);
    client.send(read('x', { tsize: '0' }), first.port);
    await client.next();

    const startedAt = Date.now();
    await first.stop();
    const second = await start({ x: text('again') }, { port: first.port });

    expect(Date.now() - startedAt).toBeLessThan(1000);
    expect(await first.end(0)).toMatchObject({ outcome: 'stopped' });
    expect((await fetchFile(second.port, 'x')).toString()).toBe('again');
  });

  test('that is taken is a HostError with a cure', async () => {
    const first = await start({});
    const second = serving({}, { port: first.port });

    await expect(second).rejects.toThrow(HostError);
    await expect(second).rejects.toMatchObject({
      message: `cannot listen on UDP 127.0.0.1:${first.port}`,
      hint: expect.stringContaining('systemctl stop dnsmasq') as string,
    });
  });
});
