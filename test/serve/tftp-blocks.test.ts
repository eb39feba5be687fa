/** Files as DATA packets: shared between boards, read piece by piece, never of two contents. */
import { randomBytes } from 'node:crypto';
import { rename, rm, utimes, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { blocksOfBytes, blocksOfFile, newFrameCache, type BlockSource } from '../../src/serve/tftp-blocks.ts';
import { setUp } from './tftp-setup.ts';

const { newFile } = setUp();

/** @returns what blocks 1 to `last` hold, and which of them had to be waited for */
async function readAll(source: BlockSource, last: number): Promise<{ bytes: Buffer; waited: number[] }> {
  const parts: Uint8Array[] = [];
  const waited: number[] = [];
  for (let block = 1; block <= last; block++) {
    let frame = source.frame(block);
    if (frame === undefined) {
      waited.push(block);
      await source.load(block);
      frame = source.frame(block);
    }
    if (frame?.[2] !== ((block >> 8) & 0xff) || frame[3] !== (block & 0xff)) throw new Error(`not block ${block}`);
    parts.push(frame.subarray(4));
  }
  return { bytes: Buffer.concat(parts), waited };
}

test.each([
  [0, 512],
  [512, 512],
  [513, 512],
  [1_500_000, 1468],
  [1_500_000, 65_464],
  [600_000, 8],
  [512 << 10, 512],
])('a file of %i bytes comes whole in blocks of %i', async (size, blockSize) => {
  const content = randomBytes(size);
  const last = Math.floor(size / blockSize) + 1;

  const source = await blocksOfFile(await newFile('whole', content), blockSize, newFrameCache());

  expect((await readAll(source, last)).bytes.equals(content)).toBe(true);
  expect((await readAll(blocksOfBytes(content, blockSize), last)).bytes.equals(content)).toBe(true);
});

test('the second board waits for no block that the first one had', async () => {
  const content = randomBytes(2_000_000);
  const file = await newFile('shared', content);
  const cache = newFrameCache();
  const last = Math.floor(content.byteLength / 1468) + 1;

  const first = await readAll(await blocksOfFile(file, 1468, cache), last);
  const second = await readAll(await blocksOfFile(file, 1468, cache), last);

  expect(first.waited[0]).toBe(1);
  expect(second.waited).toEqual([]);
  expect(second.bytes.equals(content)).toBe(true);
});

test('a cache that is too small changes nothing but the number of reads', async () => {
  const content = randomBytes(3_000_000);
  const source = await blocksOfFile(await newFile('small', content), 1468, newFrameCache(1));

  expect((await readAll(source, Math.floor(content.byteLength / 1468) + 1)).bytes.equals(content)).toBe(true);
});

describe('refused', () => {
  test('a file that is not there', async () => {
    const file = await newFile('gone', randomBytes(10));
    await rm(file.path);
    await expect(blocksOfFile(file, 512, newFrameCache())).rejects.toThrow(`cannot read ${file.path}`);
  });

  test('a file of another length than was published', async () => {
    const file = await newFile('short', randomBytes(10));
    await expect(blocksOfFile({ ...file, sizeBytes: 11 }, 512, newFrameCache())).rejects.toThrow(
      'not the file that was',
    );
  });

  test('a folder', async () => {
    const file = { path: '/', sizeBytes: 0 };
    await expect(blocksOfFile(file, 512, newFrameCache())).rejects.toThrow('not the file that was published');
  });

  test('the rest of a file that was replaced on the way, though it is as long and as old', async () => {
    const file = await newFile('replaced', randomBytes(2_000_000));
    const time = new Date(1_700_000_000_000);
    await utimes(file.path, time, time);
    const source = await blocksOfFile(file, 1468, newFrameCache());
    await source.load(1);

    await writeFile(`${file.path}.new`, randomBytes(2_000_000));
    await utimes(`${file.path}.new`, time, time);
    await rename(`${file.path}.new`, file.path);

    await expect(source.load(1300)).rejects.toThrow('is not the file that was published');
  });
});
