/** Pieces of files in memory: read once, dropped in order of last use. */
import { expect, test } from 'vitest';

import { PieceCache } from '../../src/serve/tftp-cache.ts';

/** Counts reads; each piece is as long as its text. */
function newCache(limitBytes: number) {
  const cache = new PieceCache<string>(limitBytes, (piece) => piece.length);
  const reads: string[] = [];
  const load = (key: string, piece = key.repeat(4)): Promise<string> =>
    cache.load(key, () => {
      reads.push(key);
      return Promise.resolve(piece);
    });
  return { cache, reads, load };
}

test('a piece is read once, also when many ask for it at the same time', async () => {
  const { reads, load } = newCache(100);

  expect(await Promise.all([load('a'), load('a'), load('b')])).toEqual(['aaaa', 'aaaa', 'bbbb']);
  expect(await load('a')).toBe('aaaa');
  expect(reads).toEqual(['a', 'b']);
});

test('the piece that was not used for longest goes first', async () => {
  const { cache, load } = newCache(8);
  await load('a');
  await load('b');

  expect(cache.get('a')).toBe('aaaa');
  await load('c');

  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['aaaa', undefined, 'cccc']);
});

test('a piece above the limit is handed out and not kept', async () => {
  const { cache, load } = newCache(8);

  expect(await load('a', 'x'.repeat(9))).toHaveLength(9);
  expect(cache.get('a')).toBeUndefined();
  expect(await load('b')).toBe('bbbb');
  expect(cache.get('b')).toBe('bbbb');
});

test('a read that fails is tried anew', async () => {
  const { cache, load } = newCache(8);

  await expect(cache.load('a', () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
  expect(await load('a')).toBe('aaaa');
});
