/** The real server under attack: strangers at its ports, spoofed ACKs, requests that nobody goes on with. */
import { createSocket, type Socket } from 'node:dgram';
import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, test } from 'vitest';

import { newTftpCounters } from '../../src/serve/tftp-counters.ts';
import type { TftpContent } from '../../src/serve/tftp.ts';
import { encodeTftp } from '../../src/wire/tftp.ts';
import { fetchFile, inWords, read, text, type RawClient, type TestServer } from './tftp-client.ts';
import { setUp } from './tftp-setup.ts';

const { start, newClient, newFile } = setUp();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

const ack = (block: number) => ({ kind: 'ack', block }) as const;

/** A transfer of three blocks, of which the first has come. */
async function begun(server: TestServer): Promise<{ client: RawClient; port: number }> {
  const client = await newClient();
  client.send(read('x'), server.port);
  const { port } = await client.next();
  return { client, port };
}

describe('a stranger at the port of a transfer', () => {
  test('is told that it has none there (RFC 1350), and the transfer goes on', async () => {
    const server = await start({ x: text('x'.repeat(1200)) });
    const { client, port } = await begun(server);
    const stranger = await newClient();

    stranger.send(ack(1), port);
    expect(inWords((await stranger.next()).packet)).toBe('error 5: ');
    expect(await client.hears(100)).toEqual([]);
    client.send(ack(1), port);
    expect(inWords((await client.next()).packet)).toBe('data 2 (512)');
  });

  test('hears nothing to rubbish, ERRORs and DATA, and little to a flood', async () => {
    const counters = newTftpCounters();
    const server = await start({ x: text('x'.repeat(1200)) }, { counters });
    const { port } = await begun(server);
    const stranger = await newClient();

    stranger.send({ kind: 'error', code: 0, message: 'stop' }, port);
    stranger.send({ kind: 'data', block: 1, bytes: randomBytes(10) }, port);
    stranger.send(randomBytes(3), port);
    expect(await stranger.hears(50)).toEqual([]);
    for (let count = 0; count < 500; count++) stranger.send(ack(count), port);

    const heard = await stranger.hears(300);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.length).toBeLessThanOrEqual(100);
    expect(counters.strays).toBe(503);
  });

  test('is left in peace when its own transfer there has just ended', async () => {
    const server = await start({ x: text('x') });
    const { client, port } = await begun(server);
    client.send(ack(1), port);
    await server.end(0);

    for (let count = 0; count < 5; count++) client.send(ack(1), port);

    expect(await client.hears(100)).toEqual([]);
  });
});

test('an ACK of the last transfer cannot touch the next one from the same port', async () => {
  const server = await start({ x: text('x'.repeat(1200)), y: text('y'.repeat(1200)) });
  const { client, port: before } = await begun(server);
  client.send({ kind: 'error', code: 0, message: 'Early terminate' }, before);
  await server.end(0);

  client.send(read('y'), server.port);
  const { port: after } = await client.next();
  client.send(ack(1), before);

  expect(after).not.toBe(before);
  expect(await client.hears(100)).toEqual([]);
  client.send(ack(1), after);
  expect(inWords((await client.next()).packet)).toBe('data 2 (512)');
});

test('an ACK of blocks that were not sent is ignored, whoever sends it', async () => {
  const server = await start({ x: text('x'.repeat(5000)) });
  const { client, port } = await begun(server);

  for (const block of [2, 3, 9, 10, 11, 40_000, 65_535, 0]) client.send(ack(block), port);

  expect(await client.hears(100)).toEqual([]);
  expect(server.served).toEqual([]);
});

async function newSocket(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) });
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  socket.on('message', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Requests from many ports of many addresses, with nothing behind them. */
async function flood(port: number, requests: number, path: string): Promise<void> {
  const ours = await Promise.all(Array.from({ length: 200 }, (_none, index) => newSocket(`127.0.1.${index}`)));
  const options = { tsize: '0', blksize: '1468' };
  for (let count = 0; count < requests; count += 400) {
    for (const [index, socket] of ours.entries()) {
      for (let twice = 0; twice < 2; twice++) {
        // Another name each time, so that none is a repeat.
        socket.send(encodeTftp(read(`${path}${count + index + twice * 200}`, options)), port, '127.0.0.1');
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a flood of half-open transfers', () => {
  const find = (file: TftpContent) => (name: string) =>
    Promise.resolve<TftpContent>(name.startsWith('no') ? { kind: 'missing', reason: 'none' } : file);

  test('ends nobody who goes on, and holds no more than the limit', async () => {
    const content = randomBytes(3_000_000);
    const counters = newTftpCounters();
    const file = await newFile('flooded', content);
    const server = await start({}, { find: find(file), counters, limits: { transfers: 300 } });

    const flooding = flood(server.port, 40_000, 'half');
    const fetched = await Promise.all(
      Array.from({ length: 4 }, () =>
        fetchFile(server.port, 'whole', { options: { blksize: '1468' }, resendMs: 300 }).catch(() => undefined),
      ),
    );
    await flooding;

    for (const bytes of fetched) expect(bytes?.equals(content)).toBe(true);
    expect(counters.replaced).toBeGreaterThan(1000);
    await expect.poll(() => counters.complete).toBe(4);
    expect(server.logged.length).toBeLessThan(200);
  });

  test('of a missing file keeps nothing', async () => {
    const counters = newTftpCounters();
    const server = await start({}, { find: find(text('x')), counters });

    await flood(server.port, 20_000, 'no');
    await expect.poll(() => counters.missing, { timeout: 10_000 }).toBeGreaterThan(1000);

    expect(counters.transfers).toBe(0);
    expect((await fetchFile(server.port, 'yes')).toString()).toBe('x');
  });
});
