/** Boot files over HTTP as clients ask for them: whole, in ranges, on condition, slowly, too many at once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { SendLimits } from '../../src/serve/http-sends.ts';
import { digest, httpBootServer, kernel, type HttpBootServer } from '../support/http-boot-server.ts';

const kernelRoute = 'boot/v1/files/kernel8.img';
const etag = `"${digest(kernel)}"`;

let server: HttpBootServer;
async function open(limits?: SendLimits): Promise<void> {
  server = await httpBootServer(limits);
}
afterEach(() => server.close());

describe('a file', () => {
  beforeEach(() => open());

  test('has its length, the hash of its content, and no way to be kept without asking', async () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await server.get(kernelRoute, {}, method);
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-length': String(kernel.length),
        'content-type': 'application/octet-stream',
        'accept-ranges': 'bytes',
        'cache-control': 'no-cache',
        etag,
      });
      expect(answer.headers.has('last-modified')).toBe(false);
      const body = Buffer.from(await answer.arrayBuffer());
      expect(body.equals(method === 'GET' ? kernel : Buffer.alloc(0))).toBe(true);
    }
  });

  test.each<[string, number, number, number]>([
    ['bytes=0-0', 206, 0, 1],
    ['bytes=1000000-1999999', 206, 1_000_000, 2_000_000],
    ['bytes=2999990-', 206, 2_999_990, 3_000_000],
    ['bytes=-5', 206, 2_999_995, 3_000_000],
    ['bytes=2999990-9999999', 206, 2_999_990, 3_000_000],
    ['bytes=0-1,5-6', 200, 0, 3_000_000],
    ['lines=0-1', 200, 0, 3_000_000],
  ])('in the range %s is answered by %i', async (range, status, from, to) => {
    const answer = await server.get(kernelRoute, { range });

    expect(answer.status).toBe(status);
    expect(Buffer.from(await answer.arrayBuffer()).equals(kernel.subarray(from, to))).toBe(true);
    const expected = status === 206 ? `bytes ${from}-${to - 1}/${kernel.length}` : null;
    expect(answer.headers.get('content-range')).toBe(expected);
  });

  test('has no range behind its end', async () => {
    const answer = await server.get(kernelRoute, { range: 'bytes=3000000-' });

    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */3000000']);
  });

  test.each<[string, Record<string, string>, number]>([
    ['If-None-Match with its hash', { 'if-none-match': etag }, 304],
    ['If-None-Match with another', { 'if-none-match': '"0"' }, 200],
    ['If-Match with another', { 'if-match': '"0"' }, 412],
    ['If-Range with its hash', { 'if-range': etag, range: 'bytes=0-9' }, 206],
    ['If-Range with another', { 'if-range': '"0"', range: 'bytes=0-9' }, 200],
  ])('under %s', async (_, headers, status) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const { head } = await server.raw(
      `GET /${kernelRoute} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines.join('')}\r\n`,
    );

    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('that was sent belongs to the boot, and one that was only looked at does not', async () => {
    await (await server.get(kernelRoute, {}, 'HEAD')).arrayBuffer();
    await server.raw(`GET /${kernelRoute} HTTP/1.0\r\nif-none-match: ${etag}\r\n\r\n`);
    expect(server.boots.all()[0]?.files).toBe(0);

    await (await server.get(kernelRoute, { 'user-agent': 'rpiboot/1.0 (d03114; version:507b2360)' })).arrayBuffer();

    await expect.poll(() => server.boots.all()[0]?.files).toBe(1);
    expect(server.lines.find((line) => line.startsWith('http.served'))).toContain('rpiboot/1.0 (d03114');
  });

  test('is told to HTTP/1.0 with its length, and the connection ends', async () => {
    const { head, body } = await server.raw(`GET /${kernelRoute} HTTP/1.0\r\nhost: x\r\n\r\n`);

    expect(head).toContain('Content-Length: 3000000');
    expect(head).toMatch(/Connection: close/i);
    expect(head).not.toMatch(/Transfer-Encoding/i);
    expect(body.equals(kernel)).toBe(true);
  });
});

describe('what a client may hold', () => {
  test('are so many files at once; one more is told when to come again', async () => {
    await open({ inAll: 4, perAddress: 2, graceMs: 30_000, leastBytesPerSecond: 1000 });
    const held = [await server.hold(), await server.hold()];

    const third = await server.get(kernelRoute);
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);

    for (const socket of held) socket.destroy();
    await expect.poll(async () => (await server.get(kernelRoute)).status).toBe(200);
  });

  test('is no file for ever', async () => {
    await open({ inAll: 4, perAddress: 2, graceMs: 50, leastBytesPerSecond: 1_000_000_000 });
    const socket = await server.hold();
    const ended = new Promise((resolve) => socket.once('close', resolve));

    socket.resume();
    await ended;

    expect(server.lines.find((line) => line.startsWith('http.too-slow'))).toContain('"file":"initramfs8"');
  });
});
