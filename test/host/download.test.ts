/** Downloads from a server on loopback that breaks in every way a mirror does. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { download, downloadStream, type DownloadRequest } from '../../src/host/download.ts';
import { HostError } from '../../src/model/errors.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';

const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(400_000), randomBytes(100_000)]);
const sha256 = createHash('sha256').update(content).digest('hex');

let folder = '';
let server: FileServer;
beforeEach(async () => {
  waiting = [];
  folder = await mkdtemp(path.join(tmpdir(), 'download-'));
  server = await startFileServer({ '/x.img': content });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const request = (more: Partial<DownloadRequest> = {}): DownloadRequest => ({
  url: `${server.url}/x.img`,
  sha256,
  folder,
  signal: AbortSignal.timeout(15_000),
  pauseMs: 20,
  onBytes: (done) => {
    for (const { bytes, go } of waiting) if (done >= bytes) go();
  },
  ...more,
});

/** The next connections break when the client has this much of the file. */
let waiting: { bytes: number; go: () => void }[] = [];
function breakAt(...places: readonly number[]): void {
  for (const [index, bytes] of places.entries()) {
    const taken = new Promise<void>((go) => waiting.push({ bytes, go }));
    server.breaks.push({ bytes: bytes - (places[index - 1] ?? 0), taken });
  }
}

/** Without a single byte. */
const breakAtOnce = () => server.breaks.push({ bytes: 0, taken: Promise.resolve() });

async function collect(more: Partial<DownloadRequest> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of downloadStream(request(more))) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

test('it is read as it comes, and kept under its digest', async () => {
  expect((await collect()).equals(content)).toBe(true);
  expect(await readdir(folder)).toEqual([sha256]);
  expect((await readFile(path.join(folder, sha256))).equals(content)).toBe(true);
});

test('what is there is not asked for again', async () => {
  const file = await download(request());
  expect(await download(request())).toBe(file);
  expect(server.asked).toEqual(['GET /x.img']);
});

test('zeros take no room on the disk', async () => {
  server.files.set('/zeros', Buffer.alloc(20_000_000));
  const digest = createHash('sha256').update(Buffer.alloc(20_000_000)).digest('hex');
  const { size, blocks } = await stat(await download(request({ url: `${server.url}/zeros`, sha256: digest })));
  expect(size).toBe(20_000_000);
  expect(blocks * 512).toBeLessThan(4_000_000);
});

describe('a break', () => {
  test('is resumed where it was, again and again', async () => {
    const places = [100_000, 150_000, 350_000, 400_000, 500_000, 600_000, 700_000];
    breakAt(...places);
    expect((await collect()).equals(content)).toBe(true);
    expect(server.asked).toEqual(['GET /x.img', ...places.map((place) => `GET /x.img bytes=${place}-`)]);
  });

  test('without a length is seen all the same', async () => {
    server.habits.lengths = false;
    breakAt(100_000);
    expect((await collect()).equals(content)).toBe(true);
  });

  test('of a server without ranges costs the beginning again, and nothing comes twice', async () => {
    server.habits.ranges = false;
    breakAt(100_000);
    expect((await collect()).equals(content)).toBe(true);
  });

  test('after the last byte costs one question', async () => {
    await writeFile(path.join(folder, `${sha256}.part`), content);
    expect((await collect()).equals(content)).toBe(true);
    expect(server.asked).toEqual([`GET /x.img bytes=${content.byteLength}-`]);
    expect(await readdir(folder)).toEqual([sha256]);
  });

  test('that never ends is given up, and what came is kept for the next time', async () => {
    breakAt(100_000);
    for (let time = 0; time < 6; time += 1) breakAtOnce();
    await expect(collect()).rejects.toThrow(`cannot download ${server.url}/x.img`);
    server.breaks.length = 0;
    server.asked.length = 0;
    expect((await collect()).equals(content)).toBe(true);
    expect(server.asked).toEqual(['GET /x.img bytes=100000-']);
  });

  test('in which the file became another one is an error, and nothing is kept', async () => {
    breakAt(100_000);
    const reading = downloadStream(request());
    await reading.next();
    server.files.set('/x.img', randomBytes(content.byteLength));
    await expect(drain(reading)).rejects.toThrow('is not what it should be');
    expect(await readdir(folder)).toEqual([]);
  });
});

async function drain(stream: AsyncGenerator<Uint8Array>): Promise<void> {
  for await (const chunk of stream) expect(chunk.byteLength).toBeGreaterThan(0);
}

test('what an earlier process had got whole is only checked', async () => {
  await writeFile(path.join(folder, `${sha256}.part`), content);
  expect((await collect()).equals(content)).toBe(true);
  expect(server.asked).toEqual(['GET /x.img bytes=800000-']);
});

test('a part that is damaged is thrown away, so that the next time works', async () => {
  await writeFile(path.join(folder, `${sha256}.part`), Buffer.alloc(100));
  await expect(collect()).rejects.toThrow('is not what it should be');
  expect((await collect()).equals(content)).toBe(true);
});

test('a wrong digest is an error that says both', async () => {
  const wanted = 'a'.repeat(64);
  await expect(collect({ sha256: wanted })).rejects.toThrow(`its sha256 is ${sha256}, and ${wanted} is wanted`);
  expect(await readdir(folder)).toEqual([]);
});

test.each([404, 403])('%i is an error at once', async (status) => {
  server.habits.status = status;
  await expect(collect()).rejects.toThrow(`the server answered ${status}`);
  expect(server.asked).toHaveLength(1);
});

test('503 is tried again', async () => {
  server.habits.status = 503;
  setTimeout(() => delete server.habits.status, 50);
  expect((await collect()).equals(content)).toBe(true);
});

test('nobody there is an error for people', async () => {
  const url = server.url;
  await server.close();
  const failing = collect({ url: `${url}/x.img`, signal: AbortSignal.timeout(20_000) });
  await expect(failing).rejects.toBeInstanceOf(HostError);
  server = await startFileServer({});
});

test('stopping it keeps what came', async () => {
  const controller = new AbortController();
  const reading = downloadStream(request({ signal: controller.signal }));
  await reading.next();
  controller.abort();
  await expect(drain(reading)).rejects.toThrow('aborted');
  expect((await stat(path.join(folder, `${sha256}.part`))).size).toBeGreaterThan(0);
});
