/** Files as DATA packets: shared between boards, read piece by piece, never of two contents. */
import { randomBytes } from 'node:crypto';
import { readdir, readlink, rename, rm, utimes, writeFile } from 'node:fs/promises';

import { afterEach, describe, expect, test } from 'vitest';

import { openDatagrams } from '../../src/host/datagram/open.ts';
import { blocksOfBytes, bytesToSend, type BlockSource } from '../../src/serve/tftp-blocks.ts';
import { newTftpCounters, type TftpCounters } from '../../src/serve/tftp-counters.ts';
import { FramedFiles } from '../../src/serve/tftp-files.ts';
import type { Piece } from '../../src/serve/tftp-pieces.ts';
import { toNetascii } from '../../src/wire/tftp-netascii.ts';
import { setUp } from './tftp-setup.ts';

const { newFile } = setUp();
const datagrams = openDatagrams();
const opened: FramedFiles[] = [];
afterEach(() => {
  for (const files of opened.splice(0)) files.close();
});

function newFiles(limitBytes = 48 << 20): { files: FramedFiles; counters: TftpCounters } {
  const counters = newTftpCounters();
  const files = new FramedFiles({ datagrams, limitBytes, counters });
  opened.push(files);
  return { files, counters };
}

const octet = (blockSizeBytes: number) => ({ blockSizeBytes, mode: 'octet' as const });

/** @returns what blocks 1 to `last` hold, and which of them had to be waited for */
async function readAll(source: BlockSource, blockSize: number): Promise<{ bytes: Buffer; waited: number[] }> {
  const parts: Uint8Array[] = [];
  const waited: number[] = [];
  for (let block = 1; block <= Math.floor(source.sizeBytes / blockSize) + 1; block++) {
    let piece = source.pieceWith(block);
    if (piece === undefined) {
      waited.push(block);
      piece = await source.load(block);
    }
    parts.push(contentOf(piece, block, blockSize));
  }
  return { bytes: Buffer.concat(parts), waited };
}

function contentOf(piece: Piece, block: number, blockSize: number): Buffer {
  const at = (block - piece.firstBlock) * (blockSize + 4);
  const end = block === piece.lastBlock ? piece.lengthBytes : at + blockSize + 4;
  const frame = Buffer.from(piece.buffer.bytes.subarray(at, end));
  if (!piece.isHeld || frame.readUInt32BE(0) !== 0x30000 + (block & 0xffff)) throw new Error(`not block ${block}`);
  return frame.subarray(4);
}

test.each([
  [0, 512],
  [512, 512],
  [513, 512],
  [1_500_000, 1468],
  [1_500_000, 65_464],
  [600_000, 8],
  [128 << 10, 512],
])('a file of %i bytes comes whole in blocks of %i', async (size, blockSize) => {
  const content = randomBytes(size);
  const { files } = newFiles();

  const source = await files.open(await newFile('whole', content), octet(blockSize));

  expect((await readAll(source, blockSize)).bytes.equals(content)).toBe(true);
  const ofBytes = blocksOfBytes(content, blockSize, datagrams);
  expect((await readAll(ofBytes, blockSize)).bytes.equals(content)).toBe(true);
  for (const each of [source, ofBytes]) each.close();
});

test('in netascii it is as long as its translation, piece by piece', async () => {
  const content = Buffer.from('one\ntwo\r\n\n\r'.repeat(40_000));
  const { files } = newFiles();
  const whole = Buffer.from(toNetascii(content));

  const source = await files.open(await newFile('text', content), { blockSizeBytes: 513, mode: 'netascii' });

  expect(source.sizeBytes).toBe(whole.byteLength);
  expect((await readAll(source, 513)).bytes.equals(whole)).toBe(true);
  expect(Buffer.from(bytesToSend(content, 'netascii')).equals(whole)).toBe(true);
  source.close();
});

test('the second board waits for no block that the first one had', async () => {
  const content = randomBytes(2_000_000);
  const file = await newFile('shared', content);
  const { files, counters } = newFiles();

  const sources = [await files.open(file, octet(1468)), await files.open(file, octet(1468))] as const;
  const [first, second] = [await readAll(sources[0], 1468), await readAll(sources[1], 1468)];

  expect(first.waited[0]).toBe(1);
  expect(second.waited).toEqual([]);
  expect(second.bytes.equals(content)).toBe(true);
  expect(counters.reads).toBe(Math.ceil(2_000_000 / (89 * 1468)));
  for (const source of sources) source.close();
});

test('many that want the same piece at once have it read once', async () => {
  const file = await newFile('wanted', randomBytes(1000));
  const { files, counters } = newFiles();

  const sources = await Promise.all(Array.from({ length: 50 }, () => files.open(file, octet(512))));
  await Promise.all(sources.map((source) => source.load(1)));

  expect(counters.reads).toBe(1);
  for (const source of sources) source.close();
});

test('a cache that is too small changes nothing but the number of reads, and holds no more than it may', async () => {
  const content = randomBytes(3_000_000);
  const { files, counters } = newFiles(300_000);
  const source = await files.open(await newFile('small', content), octet(1468));

  expect((await readAll(source, 1468)).bytes.equals(content)).toBe(true);
  expect(counters.cachedBytes).toBeLessThanOrEqual(300_000);
  expect(counters.cachedBytes).toBeGreaterThan(100_000);
  source.close();
});

async function openFiles(path: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target === path).length;
}

test('is open once while anybody sends it, and closed after', async () => {
  const file = await newFile('open', randomBytes(400_000));
  const { files } = newFiles();

  const sources = await Promise.all(Array.from({ length: 5 }, () => files.open(file, octet(512))));
  await Promise.all(sources.map((source) => readAll(source, 512)));
  expect(await openFiles(file.path)).toBe(1);
  for (const source of sources) source.close();

  await expect.poll(() => openFiles(file.path)).toBe(0);
});

describe('refused', () => {
  test('a file that is not there', async () => {
    const file = await newFile('gone', randomBytes(10));
    await rm(file.path);
    await expect(newFiles().files.open(file, octet(512))).rejects.toThrow(`cannot read ${file.path}`);
  });

  test('a file of another length than was published', async () => {
    const file = await newFile('short', randomBytes(10));
    await expect(newFiles().files.open({ ...file, sizeBytes: 11 }, octet(512))).rejects.toThrow(
      'not the file that was',
    );
  });

  test('a folder', async () => {
    const file = { path: '/', sizeBytes: 0 };
    await expect(newFiles().files.open(file, octet(512))).rejects.toThrow('not the file that was published');
  });

  test('the rest of a file that was changed on the way', async () => {
    const file = await newFile('changed', randomBytes(2_000_000));
    const source = await newFiles().files.open(file, octet(1468));
    await source.load(1);

    await writeFile(file.path, randomBytes(2_000_000));
    await utimes(file.path, 1, 1);

    await expect(source.load(1300)).rejects.toThrow('is not the file that was published');
    source.close();
  });

  test('nothing of a file that was replaced on the way: who has begun it ends it', async () => {
    const content = randomBytes(2_000_000);
    const file = await newFile('replaced', content);
    const source = await newFiles().files.open(file, octet(1468));
    await source.load(1);

    const other = randomBytes(2_000_000);
    await writeFile(`${file.path}.new`, other);
    await rename(`${file.path}.new`, file.path);
    const later = await newFiles().files.open(file, octet(1468));

    expect((await readAll(source, 1468)).bytes.equals(content)).toBe(true);
    expect((await readAll(later, 1468)).bytes.equals(other)).toBe(true);
    for (const each of [source, later]) each.close();
  });
});
